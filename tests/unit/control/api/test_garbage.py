"""`/garbage-collections`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from control.domain.apps import App
from jobs import names


def test_garbage_is_told_and_removed(plane: Any, app: App, client_of: Callable[..., Any]) -> None:
    """An admin sees kind, app, name and size of each thing."""
    admin = client_of(plane.actor("root@example.com", admin=True))
    plane.blobs.write(names.SLUGS_BUCKET, names.slug_key(app.id, "f" * 64), [b"slug"])
    expected = {
        "dry_run": True,
        "size": 4,
        "freed": [{"kind": "slug", "app": {"id": app.id, "name": app.name}, "name": "f" * 64, "size": 4}],
        "skipped": [],
    }

    assert admin.post("/garbage-collections", {"dry_run": True}).json == expected
    assert admin.post("/garbage-collections").json == expected | {"dry_run": False}
    assert admin.post("/garbage-collections").json["freed"] == []


def test_bad_input(plane: Any, client_of: Callable[..., Any]) -> None:
    """A dry run that is no boolean must not be a real one."""
    admin = client_of(plane.actor("root@example.com", admin=True))

    assert admin.post("/garbage-collections", {"dry_run": "yes"}).status_code == 422
