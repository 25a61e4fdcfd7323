"""Whatever is killed, and wherever: one outcome, and nothing left behind.

Every change is made again and again by an API and a worker that die before their n-th call to a port, for every n. (To
die after a call is to die before the next one.) Then a new worker settles what is left. What there is afterwards must
be what there was before the change, or what an undisturbed change makes, and nothing besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from control.domain.garbage import PATIENCE
from control.ports.bundle import Ports
from control.services.actor import Actor
from control.services.apply import ApplyApp
from control.services.apps import DestroyApp, UpdateApp
from control.services.builds import CreateBuild, CreateSource
from control.services.config_vars import SetConfigVars
from control.services.formations import Change, ScaleFormation
from control.services.garbage import CollectGarbage
from control.services.releases import Rollback
from control.services.sleeping import SetAutosleep, SleepApp, WakeApp
from control.worker.attend import Attend
from control.worker.builds import Builder
from control.worker.crew import Crew
from jobs import names
from tests.unit.control.worker.mortality import Fate, Killed, mortal

_ROUNDS = 20
_READS = {"allocations", "deployment", "job", "jobs", "missing_capacity", "stat", "keys", "output", "result", "view"}
_PROCESSES = {"web": "serve", "worker": "work", "release": "migrate"}


class Autopilot:
    """Lets time do to builds, release phases and dynos what it does: something each time somebody waits."""

    def __init__(self, world: Any, slug_archive: bytes) -> None:
        self._world = world
        self._slug = slug_archive

    def __call__(self) -> None:
        world = self._world
        world.clock.script = [self]
        for job_id in world.scheduler.jobs():
            if world.scheduler.submitted_job(job_id).get("Type") == "batch":
                self._go_on(job_id)
            else:
                world.scheduler.pass_health(job_id)

    def _go_on(self, job_id: str) -> None:
        """Half of the output first, the rest at the end."""
        world = self._world
        (allocation,) = world.scheduler.allocations(job_id)
        if allocation.status.has_ended:
            return
        task = "release" if ".release-" in job_id else "build"
        if allocation.address is None:
            world.scheduler.run(job_id)
            world.node.prints(allocation.id, "half ", task=task)
            return
        world.node.prints(allocation.id, "whole\n", task=task)
        if task == "build":
            world.node.leave(allocation.id, slug=self._slug, result={"process_types": _PROCESSES}, cache=b"cache")
        world.scheduler.exit(job_id, 0)


@dataclass
class Scene:
    """An app on the air, and one change that somebody asks for."""

    world: Any
    app: Any
    actor: Actor
    source: str

    def settle(self, ports: Ports) -> None:
        """What the worker's loops do, one after the other, until there is nothing left to do."""
        world = self.world
        builder = Builder(ports=ports, settings=world.settings, site=world.attend.site)
        attend = Attend(ports=ports, settings=world.settings, site=world.attend.site, crew=Crew("app", 1))
        for _ in range(_ROUNDS):
            with ports.state.view() as work:
                builds = [each.id for each in work.builds.pending()]
                apps = {each.app_id for each in work.releases.pending()}
                apps |= {each.id for each in (*work.apps.behind(), *work.apps.destroyed())}
            for build_id in builds:
                builder.run(build_id)
            for app_id in apps:
                attend.attend(app_id)
            replace(world.reconcile, ports=ports).tick()
            if not builds and not apps:
                return
        raise AssertionError(f"there is still something to do after {_ROUNDS} rounds")

    def seen(self) -> dict[str, Any]:
        """All that there is, in the database and outside of it, without random ids."""
        world = self.world
        with world.ports.state.view() as work:
            apps = work.apps.list()
            builds = [each for app in apps for each in work.builds.list(app.id)]
            releases = [each for app in apps for each in work.releases.list(app.id)]
            slugs = {each.slug_id: work.slugs.get(each.slug_id) for each in releases if each.slug_id}
            return {
                "apps": [(each.name, each.maintenance) for each in apps],
                "asleep": [(each.asleep, each.frozen) for each in apps],
                "frozen": len(world.node.iced),
                "gone": len(work.apps.destroyed()),
                "builds": [(each.status, work.outputs.read(each.id)) for each in builds],
                "releases": [(each.version, each.status, each.config_version) for each in releases],
                "phases": [work.outputs.read(each.id) for each in releases],
                "formation": [(row.type, row.quantity) for app in apps for row in work.formations.list(app.id)],
                "config": sorted(version for _, version in world.vault.versions),
                "roles": len(world.vault.admitted),
                "slugs": sorted(key.replace(self.app.id, "") for key in world.blobs.keys(names.SLUGS_BUCKET)),
                "known slugs": sorted({names.slug_key("", each.sha256 or "") for each in slugs.values() if each}),
                "routes": [(route.hosts, route.state, route.release) for route in world.catalog.routes().values()],
                "jobs": sorted(self._running()),
                "logs": self.app.id in world.node.lines,
                "caches": len(world.node.caches),
            }

    def _running(self) -> Iterator[tuple[str, str, str]]:
        scheduler = self.world.scheduler
        for job_id in scheduler.jobs():
            for each in scheduler.allocations(job_id):
                if not each.status.has_ended:
                    yield job_id.replace(self.app.id, ""), each.group, each.meta.get("release", "")


def _push(scene: Scene, ports: Ports) -> None:
    CreateBuild(ports=ports, settings=scene.world.settings)(scene.actor, scene.app, url=scene.source)


def _set_config(scene: Scene, ports: Ports) -> None:
    SetConfigVars(ports=ports)(scene.actor, scene.app, {"COLOUR": "green"})


def _roll_back(scene: Scene, ports: Ports) -> None:
    Rollback(ports=ports)(scene.actor, scene.app, release="v1")


def _scale(scene: Scene, ports: Ports) -> None:
    changes = [Change(type="web", quantity=3), Change(type="worker", quantity=1)]
    ScaleFormation(ports=ports, settings=scene.world.settings)(scene.actor, scene.app, changes)


def _rename(scene: Scene, ports: Ports) -> None:
    UpdateApp(ports=ports)(scene.actor, scene.app, name="renamed")


def _destroy(scene: Scene, ports: Ports) -> None:
    DestroyApp(ports=ports)(scene.actor, scene.app)


def _sleep(scene: Scene, ports: Ports) -> None:
    SleepApp(ports=ports)(scene.app)


def _freeze(scene: Scene, ports: Ports) -> None:
    world = scene.world
    world.node.freezable[scene.app.id] = ["web.1"]
    SetAutosleep(ports=ports, settings=world.settings)(scene.actor, scene.app, {"freeze": True})
    SleepApp(ports=ports)(scene.app)


def _wake(scene: Scene, ports: Ports) -> None:
    apply = ApplyApp(ports=ports, settings=scene.world.settings, site=scene.world.attend.site)
    WakeApp(ports=ports, apply=apply)(scene.app.id)


def _thaw(scene: Scene, ports: Ports) -> None:
    _wake(scene, ports)


CHANGES = [_push, _set_config, _roll_back, _scale, _rename, _destroy, _sleep, _wake, _thaw]
FIRST = {_wake: _sleep, _thaw: _freeze}
"""What has to be so before a change."""


@pytest.fixture
def scenes(make_world: Callable[[], Any], slug_archive: bytes) -> Callable[[], Scene]:
    """Worlds that are all alike: one app with two releases and a config var."""

    def make() -> Scene:
        world = make_world()
        world.clock.script = [Autopilot(world, slug_archive)]
        actor = Actor(account=world.owner)
        app = world.app()
        room = CreateSource(ports=world.ports, settings=world.settings)()
        world.blobs.put(room.put_url, b"first source")
        scene = Scene(world=world, app=app, actor=actor, source=room.get_url)
        _push(scene, world.ports)
        scene.settle(world.ports)
        SetConfigVars(ports=world.ports)(actor, app, {"COLOUR": "red"})
        scene.settle(world.ports)
        room = CreateSource(ports=world.ports, settings=world.settings)()
        world.blobs.put(room.put_url, b"second source")
        return replace(scene, source=room.get_url)

    return make


@pytest.mark.parametrize("change", CHANGES)
def test_killed_before_every_call(change: Callable[[Scene, Ports], None], scenes: Callable[[], Scene]) -> None:
    """As before, or as if nobody had been killed."""

    def prepared() -> Scene:
        scene = scenes()
        if change in FIRST:
            FIRST[change](scene, scene.world.ports)
            scene.settle(scene.world.ports)
        return scene

    before = prepared().seen()
    undisturbed, fate = prepared(), Fate()
    ports = mortal(undisturbed.world.ports, fate)
    _make(change, undisturbed, ports)
    after = undisturbed.seen()

    assert after != before
    outcomes = dict.fromkeys(("before", "after"), 0)
    for n, call in _worth_dying_before(fate.calls):
        found = _killed_at(n, prepared(), change)
        where = f"killed before call {n}, {call}"
        assert found in (before, after), f"{where}: {_difference(found, before)} or {_difference(found, after)}"
        outcomes["before" if found == before else "after"] += 1
    # An API that dies before its commit has done nothing; whatever dies later changes nothing any more.
    assert all(outcomes.values())


def _make(change: Callable[[Scene, Ports], None], scene: Scene, ports: Ports) -> None:
    change(scene, ports)
    scene.settle(ports)


def _worth_dying_before(calls: list[str]) -> Iterator[tuple[int, str]]:
    """All calls but those that follow one that only reads: between such two nothing has changed."""
    for n, call in enumerate(calls, 1):
        if n == 1 or calls[n - 2].partition(".")[2] not in _READS:
            yield n, call


def _killed_at(n: int, scene: Scene, change: Callable[[Scene, Ports], None]) -> dict[str, Any]:
    world = scene.world
    ports = mortal(world.ports, Fate(strikes_at=n))
    with pytest.raises(Killed):
        _make(change, scene, ports)
    scene.settle(world.ports)
    world.clock.advance(2 * PATIENCE.total_seconds())
    CollectGarbage(ports=world.ports, settings=world.settings)(None, dry_run=False)
    return scene.seen()


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: (found[name], expected[name]) for name in found if found[name] != expected[name]}
