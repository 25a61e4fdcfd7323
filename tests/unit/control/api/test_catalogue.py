"""What the platform comes with, domains, health, and what there is none of."""

from __future__ import annotations

from typing import Any

import pytest

from control.domain.apps import App


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/stacks", ["nomapaas-13"]),
        ("/regions", ["us"]),
        ("/dyno-sizes", ["basic", "free", "performance-m", "standard-1x", "standard-2x"]),
    ],
)
def test_lists(api: Any, path: str, names: list[str]) -> None:
    """Each list comes by name, and each of its entries by name and UUID."""
    rows = api.get(path).json

    assert [row["name"] for row in rows] == names
    for row in rows:
        assert api.get(f"{path}/{row['name']}").json == api.get(f"{path}/{row['id']}").json == row
    missing = api.get(f"{path}/nope")
    assert missing.status_code == 404
    assert names[0] in missing.json["message"]


def test_sizes(api: Any) -> None:
    """Sizes have the memory that the platform promises, and are found in any case."""
    memory = {row["name"]: row["memory"] for row in api.get("/dyno-sizes").json}

    assert memory == {"free": 0.5, "basic": 0.5, "standard-1x": 0.5, "standard-2x": 1.0, "performance-m": 2.5}
    assert api.get("/dyno-sizes/Standard-1X").json["name"] == "standard-1x"


def test_the_default_domain(api: Any, app: App) -> None:
    """An app has its default domain, by host name and UUID."""
    (domain,) = api.get(f"/apps/{app.name}/domains").json

    assert (domain["hostname"], domain["kind"]) == ("quiet-harbor.localhost", "heroku")
    assert api.get(f"/apps/{app.name}/domains/{domain['id']}").json == domain
    assert api.get(f"/apps/{app.name}/domains/quiet-harbor.localhost").json == domain
    assert api.get(f"/apps/{app.name}/domains/example.com").json["resource"] == "domain"


def test_account(api: Any) -> None:
    """`/account` and `/users/~` say who asks."""
    assert api.get("/account").json["email"] == "ada@example.com"
    assert api.get("/users/~").json == api.get("/account").json
    assert api.get("/account/rate-limits").json["remaining"] > 0


@pytest.mark.parametrize(
    "path", ["addons", "addon-attachments", "buildpack-installations", "log-drains", "sni-endpoints"]
)
def test_what_an_app_has_none_of(api: Any, app: App, path: str) -> None:
    """The stock CLI reads these on its way to others: empty for an app, 404 without one."""
    assert api.get(f"/apps/{app.name}/{path}").json == []
    assert api.get(f"/apps/no-such-app/{path}").json["resource"] == "app"


def test_what_there_is_none_of(api: Any, app: App) -> None:
    """No teams, no pipelines; the owner is the one collaborator."""
    for path in ("/teams", "/addons", "/pipelines", "/account/features", "/account/keys"):
        assert api.get(path).json == []
    assert api.get(f"/apps/{app.name}/pipeline-couplings").status_code == 404
    (owner,) = api.get(f"/apps/{app.name}/collaborators").json
    assert (owner["role"], owner["user"]["email"]) == ("owner", "ada@example.com")


def test_health(api: Any, plane: Any) -> None:
    """200 while every part answers, 503 naming the one that does not; no token needed; asked once a second at most."""
    api.token = None
    well = api.get("/health", headers={"Accept": "*/*"})
    assert (well.status_code, well.json["status"]) == (200, "ok")
    assert set(well.json["parts"]) == {"nomad", "vault", "consul", "minio", "node", "database"}

    plane.vault.sealed = True
    assert api.get("/health").json == well.json
    plane.clock.advance(1)

    ill = api.get("/health")
    assert (ill.status_code, ill.json["parts"]["vault"]["ok"]) == (503, False)
    assert "sealed" in ill.json["parts"]["vault"]["message"]
    assert ill.json["parts"]["nomad"] == {"ok": True, "message": None}
    assert api.get("/health/live").status_code == 200
