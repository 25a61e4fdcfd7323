"""From a pending build to a slug and a release."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from control.domain.builds import Build, BuildStatus
from control.domain.releases import ReleaseStatus
from jobs import names

RESULT = {"process_types": {"web": "serve"}, "buildpack_provided_description": "Python"}


def _finish(world: Any, build: Build, slug: bytes, *, code: int = 0, result: Any = RESULT) -> Any:
    """What happens while the worker waits: the build runs, prints and ends."""
    job_id = names.build_job_id(build.app_id, build.id)

    def runs() -> None:
        allocation = world.scheduler.run(job_id)[0]
        world.node.prints(allocation.id, "-----> Building\n", task="build")
        world.node.leave(allocation.id, slug=slug, result=result)

    return [runs, lambda: world.scheduler.exit(job_id, code), *([lambda: None] * 10)]


def test_a_build_makes_a_slug_and_a_release(world: Any, slug_archive: bytes) -> None:
    """The slug is stored under its digest, the output is kept, the release is pending."""
    app = world.app()
    build = world.build(app)
    world.clock.script = _finish(world, build, slug_archive)

    world.builder.run(build.id)

    ended = world.fresh_build(build)
    assert ended.status is BuildStatus.SUCCEEDED
    with world.ports.state.view() as work:
        slug = work.slugs.get(ended.slug_id)
        release = work.releases.get(ended.release_id)
        output = work.outputs.read(build.id)
    assert world.blobs.stat(names.SLUGS_BUCKET, names.slug_key(app.id, slug.sha256)) is not None
    assert release.status is ReleaseStatus.PENDING
    assert b"-----> Building\n" in output


def test_an_equal_source_uses_the_slug_again(world: Any, slug_archive: bytes) -> None:
    """No second job, no second release."""
    app = world.app()
    first, second = world.build(app), world.build(app)
    world.clock.script = _finish(world, first, slug_archive)
    world.builder.run(first.id)

    world.builder.run(second.id)

    assert world.fresh_build(second).slug_id == world.fresh_build(first).slug_id
    assert world.fresh_build(second).release_id == world.fresh_build(first).release_id
    assert names.build_job_id(app.id, second.id) not in world.scheduler.jobs()


def test_another_config_is_another_build(world: Any, slug_archive: bytes) -> None:
    """Builds see config vars, so a slug is used again only under the same ones."""
    app = world.app()
    first, second = world.build(app), world.build(app)
    world.clock.script = _finish(world, first, slug_archive)
    world.builder.run(first.id)
    world.vault.write(app.id, 1, {"A": "1"})
    world.release(app, config_version=1)
    world.clock.script = _finish(world, second, slug_archive)

    world.builder.run(second.id)

    assert world.fresh_build(second).slug_id != world.fresh_build(first).slug_id


@pytest.mark.parametrize(
    ("slug", "code", "result", "sentence"),
    [
        (None, 21, None, "exit code 21"),
        (None, 21, {"failure_message": "There is no Procfile.", "exit_code": 21}, "There is no Procfile."),
        (None, 137, {"stopped": "disk quota exceeded (9 MB of 8 MB)"}, "stopped: disk quota exceeded (9 MB of 8 MB)."),
        (b"not a slug", 0, RESULT, "not a gzipped tar"),
        (None, 0, RESULT, "left no slug"),
    ],
)
def test_a_failed_build_says_why(world: Any, slug: Any, code: int, result: Any, sentence: str) -> None:
    """One sentence in the build and in its output, and no release."""
    app = world.app()
    build = world.build(app)
    world.clock.script = _finish(world, build, slug, code=code, result=result)

    world.builder.run(build.id)

    ended = world.fresh_build(build)
    assert ended.status is BuildStatus.FAILED
    assert sentence in ended.failure_message
    with world.ports.state.view() as work:
        said = work.outputs.read(build.id).decode().count(sentence)
        assert said == (0 if result and "failure_message" in result else 1)
        assert work.releases.latest(app.id) is None


def test_a_cancelled_build_is_stopped(world: Any) -> None:
    """The Nomad job is stopped, for real, and the build says so."""
    app = world.app()
    build = world.build(app)

    def cancel() -> None:
        with world.ports.state.begin() as work:
            work.builds.save(replace(work.builds.get(build.id), cancel_requested=True))
            work.commit()

    world.clock.script = [cancel]

    world.builder.run(build.id)

    assert "canceled" in world.fresh_build(build).failure_message
    assert world.scheduler.jobs()[names.build_job_id(app.id, build.id)].stopped


def test_a_build_over_its_time_is_stopped(world: Any) -> None:
    """The limit is in the sentence."""
    app = world.app()
    build = world.build(app)
    world.clock.script = [lambda: world.scheduler.run(names.build_job_id(app.id, build.id))]

    world.builder.run(build.id)

    assert "took longer than 900 seconds" in world.fresh_build(build).failure_message


def test_a_wrong_checksum_is_refused(world: Any) -> None:
    """What was uploaded has to be what was announced."""
    app = world.app()
    build = replace(world.build(app), source_checksum="SHA256:" + "0" * 64)
    with world.ports.state.begin() as work:
        work.builds.save(build)
        work.commit()

    world.builder.run(build.id)

    assert "checksum" in world.fresh_build(build).failure_message


def test_a_killed_worker_goes_on(world: Any, slug_archive: bytes) -> None:
    """The next worker follows the job that runs already and keeps each byte of output once."""
    app = world.app()
    build = world.build(app)
    finish = _finish(world, build, slug_archive)

    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    world.clock.script = [finish[0], lambda: None, kill]
    with pytest.raises(Killed):
        world.builder.run(build.id)
    world.clock.script = finish[1:]
    world.builder.run(build.id)

    assert world.fresh_build(build).status is BuildStatus.SUCCEEDED
    assert len([job for job in world.scheduler.submitted if job["Type"] == "batch"]) == 1
    with world.ports.state.view() as work:
        assert work.outputs.read(build.id).count(b"Building") == 1


def test_a_cache_that_cannot_be_kept_is_a_warning(world: Any, slug_archive: bytes) -> None:
    """The slug is stored once, and the build succeeds; its output says why the next one will be slower."""
    app = world.app()
    build = world.build(app)
    finish = _finish(world, build, slug_archive)
    job_id = names.build_job_id(app.id, build.id)

    def leaves() -> None:
        world.node.leave(world.scheduler.allocations(job_id)[0].id, slug=slug_archive, result=RESULT, cache=b"large")
        finish[1]()

    world.clock.script = [finish[0], leaves, *finish[2:]]
    world.node.largest_cache = 4

    world.builder.run(build.id)

    assert world.fresh_build(build).status is BuildStatus.SUCCEEDED
    with world.ports.state.view() as work:
        output = work.outputs.read(build.id).decode()
    assert output.startswith("-----> Building\n !     The build cache was not kept: The node agent could not do it: ")
    assert app.id not in world.node.caches


def test_a_full_store_fails_the_build(world: Any, slug_archive: bytes) -> None:
    """It is said at once, and nothing is half done."""
    app = world.app()
    build = world.build(app)
    world.blobs.full = True
    world.clock.script = _finish(world, build, slug_archive)

    world.builder.run(build.id)

    assert world.fresh_build(build).status is BuildStatus.FAILED
    with world.ports.state.view() as work:
        assert work.releases.latest(app.id) is None
