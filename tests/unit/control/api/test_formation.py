"""`/apps/:app/formation` and `/apps/:app/dynos`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control.domain.apps import App
from control.ports.node import Crash, Memory
from control.services.actor import Actor

TYPES = {"web": "python app.py", "worker": "python work.py", "release": "./migrate"}


@pytest.fixture
def deployed(app: App, plane: Any) -> App:
    plane.deploy(app, TYPES)
    return app


def _quantities(api: Any, app: App) -> dict[str, tuple[int, str]]:
    return {row["type"]: (row["quantity"], row["size"]) for row in api.get(f"/apps/{app.name}/formation").json}


def test_web_starts_at_one(api: Any, deployed: App) -> None:
    """The first deploy gives `web` one dyno and the others none; `release` is never scaled."""
    assert _quantities(api, deployed) == {"web": (1, "free"), "worker": (0, "free")}
    assert api.get(f"/apps/{deployed.name}/formation/web").json["command"] == "python app.py"


def test_before_the_first_deploy(api: Any, app: App) -> None:
    """Without code there is nothing to scale, and the answer says so."""
    assert api.get(f"/apps/{app.name}/formation").json == []
    refused = api.patch(f"/apps/{app.name}/formation/web", {"quantity": 1})
    assert (refused.status_code, refused.json["resource"]) == (404, "formation")
    assert "push it first" in refused.json["message"]


def test_scaling(api: Any, deployed: App, plane: Any) -> None:
    """Quantities come as numbers, texts and changes; sizes in any case; the worker hears of it."""
    answer = api.patch(
        f"/apps/{deployed.name}/formation",
        {"updates": [{"type": "web", "quantity": "+1"}, {"type": "worker", "quantity": "3", "size": "Standard-2X"}]},
    )

    assert [(row["type"], row["quantity"], row["size"]) for row in answer.json] == [
        ("web", 2, "free"),
        ("worker", 3, "standard-2x"),
    ]
    assert api.patch(f"/apps/{deployed.name}/formation/worker", {"quantity": "-2"}).json["quantity"] == 1
    assert api.patch(f"/apps/{deployed.name}/formation/web", {"dyno_size": {"name": "BASIC"}}).json["size"] == "basic"
    with plane.state.view() as work:
        assert [each.desired_generation for each in work.apps.behind()] == [4]
    assert "app[api]: Scaled to web@2:free worker@3:standard-2x by user ada@example.com" in plane.log(deployed)


def test_no_change_is_no_work(api: Any, deployed: App, plane: Any) -> None:
    """Scaling to what is there already makes the worker do nothing."""
    with plane.state.view() as work:
        before = work.apps.get(deployed.id)

    assert api.patch(f"/apps/{deployed.name}/formation/web", {"quantity": 1}).status_code == 200
    with plane.state.view() as work:
        assert work.apps.get(deployed.id) == before


@pytest.mark.parametrize(
    ("update", "status", "sentence"),
    [
        ({"type": "web", "quantity": -1}, 422, "cannot be negative"),
        ({"type": "web", "quantity": "-2"}, 422, "cannot be negative"),
        ({"type": "web", "quantity": 101}, 422, "more than the 100"),
        ({"type": "web", "quantity": 10**30}, 422, "more than the 100"),
        ({"type": "web", "quantity": "+100"}, 422, "more than the 100"),
        ({"type": "web", "quantity": "many"}, 422, "whole number from 0 to 100"),
        ({"type": "web", "quantity": 1.5}, 422, "whole number"),
        ({"type": "web", "quantity": True}, 422, "whole number"),
        ({"type": "web", "quantity": "9" * 5000}, 422, "whole number"),
        ({"type": "web", "size": "huge"}, 422, "choose one of: free, basic"),
        ({"type": "nope", "quantity": 1}, 404, "the Procfile of quiet-harbor has: web, worker"),
        ({"type": "release", "quantity": 1}, 404, "Couldn't find that process type"),
        ({"quantity": 1}, 422, "type is missing"),
    ],
)
def test_all_or_nothing(api: Any, deployed: App, update: dict[str, object], status: int, sentence: str) -> None:
    """One bad update refuses all of them, with a sentence."""
    refused = api.patch(f"/apps/{deployed.name}/formation", {"updates": [{"type": "worker", "quantity": 5}, update]})

    assert refused.status_code == status
    assert sentence in refused.json["message"]
    assert _quantities(api, deployed) == {"web": (1, "free"), "worker": (0, "free")}


def test_no_updates(api: Any, deployed: App) -> None:
    """A batch without updates is 422."""
    assert api.patch(f"/apps/{deployed.name}/formation", {}).status_code == 422
    assert api.patch(f"/apps/{deployed.name}/formation", {"updates": "web=1"}).status_code == 422


def test_quantities_survive_deploys(api: Any, deployed: App, plane: Any) -> None:
    """A deploy keeps quantities and sizes, also through a slug that lacks the type; a new type starts at none."""
    api.patch(f"/apps/{deployed.name}/formation/worker", {"quantity": 2})
    plane.deploy(deployed, {"web": "python other.py", "clock": "tick"})
    assert _quantities(api, deployed) == {"clock": (0, "free"), "web": (1, "free")}

    plane.deploy(deployed, TYPES)
    assert _quantities(api, deployed) == {"web": (1, "free"), "worker": (2, "free")}


def test_web_scaled_to_none_stays_there(api: Any, deployed: App, plane: Any) -> None:
    """Only the first appearance of `web` starts a dyno."""
    api.patch(f"/apps/{deployed.name}/formation/web", {"quantity": 0})
    plane.deploy(deployed, TYPES)

    assert _quantities(api, deployed)["web"] == (0, "free")


def test_dynos_over_the_wire(api: Any, deployed: App, plane: Any) -> None:
    """A dyno has name, state, size, command and release; it is found by name and UUID."""
    plane.run(deployed)
    plane.scheduler.pass_health(plane.job_id(deployed))

    (dyno,) = api.get(f"/apps/{deployed.name}/dynos").json

    assert (dyno["name"], dyno["state"], dyno["command"]) == ("web.1", "up", "python app.py")
    assert dyno["release"]["version"] == 1
    assert dyno["release"]["id"] == api.get(f"/apps/{deployed.name}/releases/1").json["id"]
    assert api.get(f"/apps/{deployed.name}/dynos/web.1").json == dyno
    assert api.get(f"/apps/{deployed.name}/dynos/{dyno['id']}").json == dyno
    missing = api.get(f"/apps/{deployed.name}/dynos/web.9")
    assert (missing.status_code, missing.json["resource"]) == (404, "dyno")


def test_restarts(api: Any, deployed: App, plane: Any) -> None:
    """All: a new nonce for a rolling restart. One or one type: those allocations are stopped."""
    plane.run(deployed)
    plane.scheduler.pass_health(plane.job_id(deployed))
    before = api.get(f"/apps/{deployed.name}/dynos/web.1").json["id"]

    assert api.delete(f"/apps/{deployed.name}/dynos").status_code == 202
    with plane.state.view() as work:
        assert work.apps.get(deployed.id).restart_nonce == 1

    for method, path in (
        ("DELETE", "dynos/web.1"),
        ("POST", "dynos/web.1/actions/stop"),
        ("DELETE", "formations/web"),
        ("POST", "formations/web/actions/stop"),
    ):
        assert api(method, f"/apps/{deployed.name}/{path}").status_code == 202
        after = api.get(f"/apps/{deployed.name}/dynos/web.1").json["id"]
        assert after != before
        before = after


@pytest.mark.parametrize("path", ["dynos/web.9", "dynos/nope", "formations/nope"])
def test_restart_of_what_is_not_there(api: Any, deployed: App, path: str) -> None:
    """An unknown dyno or type is 404."""
    assert api.delete(f"/apps/{deployed.name}/{path}").status_code == 404


def test_memory_is_shown_where_it_is_known(api: Any, deployed: App, plane: Any) -> None:
    """From the node agent; without it the dynos are listed all the same."""
    plane.run(deployed)
    plane.scheduler.pass_health(plane.job_id(deployed))
    (dyno,) = api.get(f"/apps/{deployed.name}/dynos").json
    assert dyno["memory_mb"] is None

    plane.node.memories[deployed.id] = [Memory(allocation_id=dyno["id"], dyno="web.1", used_mb=41.5)]
    assert [each["memory_mb"] for each in api.get(f"/apps/{deployed.name}/dynos").json] == [41.5]
    plane.node.down = True
    assert [each["memory_mb"] for each in api.get(f"/apps/{deployed.name}/dynos").json] == [None]


def test_crashes_over_the_wire(api: Any, deployed: App, plane: Any) -> None:
    """By dyno, with exit code, a sentence and the last lines."""
    crash = Crash(
        dyno="web.1",
        allocation_id="a",
        exit_code=3,
        oom_killed=False,
        unwell=False,
        at=plane.clock.now(),
        lines=("bad", "end"),
    )
    later = replace(crash, dyno="worker.2", exit_code=137, oom_killed=True, at=crash.at + timedelta(seconds=1))
    plane.node.crashed[deployed.id] = [crash, later]

    found = api.get(f"/apps/{deployed.name}/crashes").json

    assert [each["dyno"] for each in found] == ["web.1", "worker.2"]
    assert (found[0]["exit_code"], found[0]["reason"]) == (3, "It ended with exit code 3.")
    assert found[0]["lines"] == ["bad", "end"]
    assert "R15" in found[1]["reason"]


def test_dynos_of_a_type_that_is_gone_are_free_again(api: Any, app: App, plane: Any, ada: Actor) -> None:
    """They count no longer, others take their place, and then the type cannot come back before those are fewer."""
    with plane.state.begin() as work:
        work.accounts.save(replace(ada.account, quota={"dynos": 6}))
        work.commit()
    both = plane.deploy(app, {"web": "x", "worker": "y"})
    api.patch(f"/apps/{app.name}/formation/worker", {"quantity": 5})
    plane.deploy(app, {"web": "x"})
    assert api.get("/account/quota").json["dynos"]["used"] == 1
    assert api.patch(f"/apps/{app.name}/formation/web", {"quantity": 2}).status_code == 200

    for asked in ({"release": str(both.version)}, {"slug": both.slug_id}):
        refused = api.post(f"/apps/{app.name}/releases", asked)
        assert (refused.status_code, refused.json["id"]) == (422, "quota_reached")
        assert refused.json["message"].startswith("This would make 7 dynos")
    assert len(api.get(f"/apps/{app.name}/releases").json) == 2

    api.patch(f"/apps/{app.name}/formation/web", {"quantity": 1})
    assert api.post(f"/apps/{app.name}/releases", {"release": str(both.version)}).status_code == 201
    assert api.get(f"/apps/{app.name}/formation/worker").json["quantity"] == 5
