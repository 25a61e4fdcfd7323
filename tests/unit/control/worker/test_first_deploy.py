"""An app's first deploy: its app.json sets it up, once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from control.domain.builds import BuildStatus
from control.domain.releases import ReleaseStatus
from jobs import names

ASKED = {
    "env": {"A": {"value": "from app.json"}, "KEY": {"generator": "secret"}, "MINE": {"value": "not this"}},
    "formation": {"web": {"quantity": 2, "size": "basic"}, "worker": {"quantity": 1}, "gone": {"quantity": 3}},
    "buildpacks": ["heroku/python"],
    "healthchecks": {"web": [{"path": "/up"}]},
    "cron": [{"command": "tidy", "schedule": "@daily"}],
    "postdeploy": "seed",
}


@pytest.fixture
def push(world: Any, slug_archive: bytes) -> Any:
    """Builds a source whose app.json asks for something; the build as it ended."""

    def one(app: Any, asked: Any = ASKED, source: bytes = b"source", **left: Any) -> Any:
        build = world.build(app, source)
        job_id = names.build_job_id(app.id, build.id)
        types = {"web": "serve", "worker": "work"}
        result = {"process_types": types, "app_json": asked, "reports": {"heroku/python": "a: 1\n"}, **left}

        def runs() -> None:
            allocation = world.scheduler.run(job_id)[0]
            world.node.leave(allocation.id, slug=slug_archive, result=result)

        world.clock.script = [runs, lambda: world.scheduler.exit(job_id, 0), *([lambda: None] * 10)]
        world.builder.run(build.id)
        return world.fresh_build(build)

    return one


def test_the_cache_is_switched_on(world: Any, push: Any) -> None:
    """Where app.json says so."""
    with_cache, without = world.app(), world.app("other-app")
    push(with_cache, {"cache": True})
    push(without, {"cache": False})

    with world.ports.state.view() as work:
        assert [work.apps.get(each.id).cache for each in (with_cache, without)] == [True, False]


def _set(world: Any, app: Any, values: dict[str, str]) -> None:
    """What config:set does."""
    with world.ports.state.begin() as work:
        version = work.apps.next_config_version(app.id)
        work.commit()
    world.vault.write(app.id, version, values)
    world.release(app, config_version=version)


def _after(world: Any, app: Any, build: Any) -> Any:
    with world.ports.state.view() as work:
        release = work.releases.get(build.release_id)
        return work.apps.get(app.id), release, work.slugs.get(build.slug_id), work.formations.list(app.id)


def test_the_first_deploy_does_what_app_json_says(world: Any, push: Any) -> None:
    """Config vars and the slug in one release, the formation for types that there are, the buildpacks for later."""
    app = world.app()
    _set(world, app, {"MINE": "kept"})

    build = push(app)

    app, release, slug, formation = _after(world, app, build)
    config = world.vault.read(app.id, release.config_version)
    assert (config["A"], config["MINE"], len(config["KEY"])) == ("from app.json", "kept", 64)
    assert release.version == 2
    assert [(row.type, row.quantity, row.size) for row in formation] == [("web", 2, "basic"), ("worker", 1, "free")]
    assert app.buildpacks == ("heroku/python",)
    assert slug.health_check.path == "/up"
    assert slug.app_json["cron"] == [{"command": "tidy", "schedule": "@daily"}]
    assert build.reports == {"heroku/python": "a: 1\n"}


def _may_have(world: Any, *, dynos: int) -> None:
    with world.ports.state.begin() as work:
        work.accounts.save(replace(world.owner, quota={"dynos": dynos}))
        work.commit()


def test_a_formation_beyond_the_quota_is_left_out(world: Any, push: Any) -> None:
    """The app still gets on the air, with one web dyno, and the build's output and the event say why it has no more."""
    app = world.app()
    _may_have(world, dynos=2)

    build = push(app)

    _, release, _, formation = _after(world, app, build)
    assert release.status is not ReleaseStatus.FAILED
    assert [(row.type, row.quantity) for row in formation] == [("web", 1), ("worker", 0)]
    with world.ports.state.view() as work:
        setup = next(event for event in work.events.list(app.id) if event.action == "app.setup")
        said = work.outputs.read(build.id).decode()
    assert "no formation: This would make 3 dynos" in setup.detail
    assert " !     The formation of app.json was left out: This would make 3 dynos" in said


def test_dynos_that_come_back_beyond_the_quota_are_left_out(world: Any, push: Any) -> None:
    """A process type that the Procfile has again has its old dynos only where they still fit; the deploy goes on."""
    app = world.app()
    world.on_air(app, web="serve", worker="work")
    world.scale(app, "worker", 3)
    world.on_air(app, web="serve")
    world.scale(app, "web", 2)
    _may_have(world, dynos=4)

    build = push(app)

    _, release, _, formation = _after(world, app, build)
    assert release.status is not ReleaseStatus.FAILED
    assert [(row.type, row.quantity) for row in formation] == [("web", 2), ("worker", 0)]
    with world.ports.state.view() as work:
        said = work.outputs.read(build.id).decode()
    assert " !     The dynos that were wanted of worker before are left out: This would make 5 dynos" in said


def test_its_trail_names_no_value(world: Any, push: Any) -> None:
    """The audit event says what was set up, by name."""
    app = world.app()

    push(app)

    with world.ports.state.view() as work:
        setup = next(event for event in work.events.list(app.id) if event.action == "app.setup")
        slug = work.slugs.by_build_key(app.id, work.slugs.get(work.releases.base(app.id).slug_id).build_key)
    assert "config vars A, KEY, MINE" in setup.detail
    assert "from app.json" not in setup.detail.removeprefix("from app.json: ")
    assert "from app.json" not in str(slug.app_json)


def test_a_later_deploy_sets_nothing_up(world: Any, push: Any) -> None:
    """What was scaled and set since then stays; checks come with the code."""
    app = world.app()
    world.on_air(app)

    build = push(app, {"healthchecks": {"web": [{"path": "/new"}]}})

    _, release, slug, _ = _after(world, app, build)
    assert release.config_version == 0
    assert slug.health_check.path == "/new"


def test_after_a_failed_first_release_it_is_done_again(world: Any, push: Any) -> None:
    """A failed release leaves no config vars behind, so its slug is not used again either."""
    app = world.app()
    first = push(app)
    with world.ports.state.begin() as work:
        work.releases.save(replace(work.releases.get(first.release_id), status=ReleaseStatus.FAILED))
        work.commit()

    second = push(app)

    assert second.slug_id != first.slug_id
    _, release, _, _ = _after(world, app, second)
    assert world.vault.read(app.id, release.config_version)["A"] == "from app.json"


def test_config_vars_that_change_meanwhile_are_kept(world: Any, push: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sets one between the look and the release: the look is taken again, nothing is lost or left."""
    app = world.app()
    write = world.vault.write

    def write_and_meet(app_id: str, version: int, values: Any) -> None:
        write(app_id, version, values)
        if version == 1:
            _set(world, app, {"THEIRS": "1"})

    monkeypatch.setattr(world.vault, "write", write_and_meet)

    build = push(app)

    _, release, _, _ = _after(world, app, build)
    assert set(world.vault.read(app.id, release.config_version)) == {"A", "KEY", "MINE", "THEIRS"}
    with pytest.raises(KeyError):
        world.vault.read(app.id, 1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"formation": {"web": {"size": "huge"}}}, "app.json asks for what cannot be: Dyno size huge does not exist"),
        ({"healthchecks": {"web": [{"path": "up"}]}}, "health check path up in app.json"),
    ],
)
def test_what_cannot_be_fails_the_build(world: Any, push: Any, asked: Any, said: str) -> None:
    """With the sentence of the rule; no release, and the reports are kept."""
    app = world.app()

    build = push(app, asked)

    assert build.status is BuildStatus.FAILED
    assert said in build.failure_message
    assert build.reports == {"heroku/python": "a: 1\n"}
    with world.ports.state.view() as work:
        assert work.releases.latest(app.id) is None


def test_a_build_that_ran_out_of_memory_says_so(world: Any) -> None:
    """Also when the buildpack, of which a part was killed, ended by itself with another reason."""
    app = world.app()
    build = world.build(app)
    job_id = names.build_job_id(app.id, build.id)

    def dies() -> None:
        allocation = world.scheduler.run(job_id)[0]
        world.node.leave(allocation.id, result={"failure_message": "The x failed.", "exit_code": 50})

    def is_told() -> None:
        world.scheduler.exit(job_id, 50, oom=True)

    world.clock.script = [dies, is_told, *([lambda: None] * 40)]

    world.builder.run(build.id)

    assert "needed more than the 2048 MB of memory" in world.fresh_build(build).failure_message


def test_the_postdeploy_script_runs_once(world: Any, push: Any) -> None:
    """As a one-off dyno with the release's config vars, when the first release is on the air, and never again."""
    app = world.app()
    for source in (b"first", b"second"):
        build = push(app, source=source)
        world.clock.script = [lambda: world.scheduler.pass_health(app.id)]
        world.attend.attend(app.id)

    with world.ports.state.view() as work:
        assert work.releases.get(build.release_id).status is ReleaseStatus.SUCCEEDED
        (seeded,) = work.oneoffs.list(app.id)
        first = work.releases.by_version(app.id, 1)
    assert (seeded.command, seeded.release_version, seeded.config_version) == ("seed", 1, first.config_version)
    assert any("Running the postdeploy script of app.json as run.1" in line for line in world.node.lines[app.id])
