"""The audit trail, paging through it, quotas, and what a list costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from control.adapters.state_store import SqlStateStore
from control.app import create_app
from control.domain.apps import App
from control.domain.people import Quota
from control.services.actor import Actor


def test_the_trail_says_who_what_and_from_where(api: Any, app: App, client_of: Any, plane: Any) -> None:
    """Each change is one event; a config var's value is in none, and only managers and admins read it."""
    api.patch(f"/apps/{app.name}/config-vars", {"PASSWORD": "hunter2-value"})
    plane.account("bob@example.com")
    api.post(f"/apps/{app.name}/collaborators", {"user": "bob@example.com", "permissions": ["view"]})

    found = api.get(f"/apps/{app.name}/events")

    assert {(each["action"], each["detail"]) for each in found.json} == {
        ("app.create", "quiet-harbor"),
        ("release.create", "v1: Set PASSWORD config vars"),
        ("collaborator.create", "bob@example.com: view"),
    }
    assert {each["actor"]["email"] for each in found.json} == {"ada@example.com"}
    assert {each["remote"] for each in found.json} <= {"127.0.0.1", "192.0.2.1"}
    assert "hunter2-value" not in found.text
    root = client_of(plane.actor("root@example.com", admin=True))
    everything = {each["action"] for each in root.get("/events").json}
    assert everything >= {"account.create", "token.create", "app.create", "collaborator.create"}
    bob = client_of(plane.actor("bob@example.com"))
    assert {each["actor"]["email"] for each in bob.get("/events").json} == {"bob@example.com"}


def test_the_trail_outlives_app_and_account(api: Any, app: App, client_of: Any, plane: Any) -> None:
    """Who destroyed what can be read when both are gone."""
    root = client_of(plane.actor("root@example.com", admin=True))
    api.delete(f"/apps/{app.name}")
    with plane.state.begin() as work:
        work.apps.remove(app.id)
        work.commit()
    root.delete("/users/ada@example.com")

    last = [each for each in root.get("/events").json if each["action"] == "app.destroy"]

    assert [(each["actor"]["email"], each["app"]) for each in last] == [
        ("ada@example.com", {"id": app.id, "name": None})
    ]


def test_paging_loses_no_event_of_one_moment(api: Any, plane: Any, make_app: Callable[..., App]) -> None:
    """Events that share their time come once each, whatever the size of the page and the order."""
    for number in range(7):
        make_app(f"app-number-{number}")
    whole = {each["id"] for each in api.get("/events").json}
    for order in ("asc", "desc"):
        seen: list[str] = []
        following: str | None = f"created_at ..; max=2, order={order}"
        while following:
            page = api.get("/events", headers={"Range": following})
            seen += [each["id"] for each in page.json]
            following = page.headers.get("Next-Range")

        assert len(whole) > 7
        assert sorted(seen) == sorted(whole)


@pytest.fixture
def small(plane: Any) -> None:
    plane.settings = replace(
        plane.settings, quota=Quota(apps=2, dynos=3, memory_mb=2048, builds=1, storage_mb=1, releases=5)
    )


@pytest.mark.usefixtures("small")
def test_apps_dynos_memory_and_builds_have_limits(api: Any, app: App, plane: Any) -> None:
    """What would go beyond the owner's quota is refused with the number, and nothing changes; less always goes."""
    plane.deploy(app)
    assert api.post("/apps", {"name": "second-app"}).status_code == 201
    answers = [
        api.post("/apps", {"name": "third-app"}),
        api.patch(f"/apps/{app.name}/formation/web", {"quantity": 4}),
        api.patch(f"/apps/{app.name}/formation/web", {"quantity": 3, "size": "standard-2x"}),
    ]
    api.post(f"/apps/{app.name}/builds", {"source_blob": {"url": "https://example.com/a.tgz"}})
    answers.append(api.post("/apps/second-app/builds", {"source_blob": {"url": "https://example.com/a.tgz"}}))

    assert {(each.status_code, each.json["id"]) for each in answers} == {(422, "quota_reached")}
    assert [each.json["message"].split(",")[0] for each in answers] == [
        "This would make 3 apps",
        "This would make 4 dynos",
        "This would make dynos of 3072 MB in all",
        "This would make 2 builds at once",
    ]
    assert api.patch(f"/apps/{app.name}/formation/web", {"quantity": 3}).status_code == 200
    assert api.patch(f"/apps/{app.name}/formation/web", {"quantity": 0}).status_code == 200
    used = api.get("/account/quota").json
    assert (used["apps"], used["builds"]) == ({"limit": 2, "used": 2}, {"limit": 1, "used": 1})


@pytest.mark.usefixtures("small")
def test_storage_counts_and_an_admin_gives_more(api: Any, app: App, plane: Any, client_of: Any) -> None:
    """A full store stops the next build until the account has a larger quota of its own."""
    slug = plane.slug(app)
    with plane.state.begin() as work:
        work.slugs.save(replace(slug, size=3 << 20))
        work.commit()
    build = {"source_blob": {"url": "https://example.com/a.tgz"}}
    assert "This would make 3 MB of slugs" in api.post(f"/apps/{app.name}/builds", build).json["message"]

    root = client_of(plane.actor("root@example.com", admin=True))
    changed = root.patch("/users/ada@example.com", {"quota": {"storage_mb": 0, "apps": 9}})

    assert changed.json["quota"]["storage_mb"] == {"limit": None, "used": 3}
    assert changed.json["quota"]["apps"] == {"limit": 9, "used": 1}
    assert api.post(f"/apps/{app.name}/builds", build).status_code == 201
    assert root.patch("/users/ada@example.com", {"quota": {"apps": None}}).json["quota"]["apps"]["limit"] == 2


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[SqlStateStore]:
    store = SqlStateStore(f"sqlite:///{tmp_path / 'state.db'}")
    store.migrate()
    yield store
    store.close()


def test_a_list_costs_the_same_however_many_apps_there_are(
    sql: SqlStateStore, plane: Any, make_app: Callable[..., App]
) -> None:
    """`GET /apps` makes as many queries for forty apps as for two, and so does the list of forty releases."""
    plane.state = sql
    owner: Actor = plane.actor("ada@example.com")
    token = plane.token(owner.account)
    client = create_app(plane.ports, plane.settings, passwords=plane.passwords).test_client()
    headers = {"Accept": "application/vnd.heroku+json; version=3", "Authorization": f"Bearer {token}"}

    def queries(path: str) -> tuple[int, int]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(sql._engine, "before_cursor_execute", note)
        found = client.get(path, headers=headers)
        event.remove(sql._engine, "before_cursor_execute", note)
        return len(found.get_json()), sum(statement.startswith("SELECT") for statement in seen)

    releases = "/apps/app-number-0/releases"
    apps = [make_app("app-number-0", owner), make_app("app-number-1", owner)]
    for _ in range(2):
        plane.deploy(apps[0])
    few = queries("/apps"), queries(releases)
    for number in range(2, 40):
        plane.deploy(make_app(f"app-number-{number}", owner))
        plane.deploy(apps[0])
    many = queries("/apps"), queries(releases)

    assert [count for count, _ in (*few, *many)] == [2, 2, 40, 40]
    assert [asked for _, asked in many] == [asked for _, asked in few]
    assert max(asked for _, asked in many) <= 8
