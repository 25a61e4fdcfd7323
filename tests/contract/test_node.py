"""What every node agent promises."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from control.adapters.memory import MemoryNode
from control.adapters.node_client import NodeClient
from control.node.allocations import AllocationState, Event
from control.node.crashes import CrashBook
from control.ports.errors import NodeUnavailable
from control.ports.node import Crash, LogQuery, Node

OUTPUT = "line one\nline two\n"
CRASH = Crash(
    dyno="web.1",
    allocation_id="",
    exit_code=3,
    oom_killed=False,
    unwell=False,
    at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    lines=(),
)
RESULT = {"process_types": {"web": "python -m http.server"}, "slug_bytes": 3}
SCRIPT = """
mkdir -p /alloc/out && cd /alloc/out
printf 'tgz' > slug.tgz
printf '{"process_types": {"web": "python -m http.server"}, "slug_bytes": 3}' > result.json
printf 'cache' > cache.tar
printf 'line one\\nline two\\n'
"""
HOSTILE = """
mkdir -p /alloc/out && cd /alloc/out
ln -s /etc/hostname slug.tgz
ln -s /etc/hostname cache.tar
printf '[1, 2' > result.json
"""


@dataclass
class Stage:
    node: Node
    unavailable: Node
    build: Callable[..., str]
    """Runs a script as a build's task and gives the allocation's id."""
    crash: Callable[[str, str], None]
    """Has an allocation's end taken for the crash of an app's web.1, with exit code 3."""
    request: Callable[[str, int], None]
    """The router reports that one request of an app ended, and that so many are in flight."""


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.platform)])
def stage(request, until, shell_job):
    if request.param == "memory":
        twin, down = MemoryNode(), MemoryNode()
        down.down = True
        twin.no_slugs.add("0" * 64)

        def pretend(app_id: str, script: str) -> str:
            allocation_id = str(uuid.uuid4())
            if script == SCRIPT:
                twin.prints(allocation_id, OUTPUT, task="build")
                twin.leave(allocation_id, slug=b"tgz", result=RESULT, cache=b"cache")
            return allocation_id

        def note(app_id: str, allocation_id: str) -> None:
            lines = tuple(OUTPUT.splitlines())
            twin.crashed[app_id] = [replace(CRASH, allocation_id=allocation_id, lines=lines)]

        yield Stage(
            twin,
            down,
            pretend,
            note,
            lambda app_id, in_flight: twin.hear(app_id, in_flight=in_flight, statuses=(0, 1, 0, 0, 0)),
        )
        twin.close()
        return
    told = request.getfixturevalue("instance").control_secrets
    nomad = request.getfixturevalue("nomad")

    def build(app_id: str, script: str) -> str:
        job_id = f"{app_id}.build-{secrets.token_hex(3)}"
        nomad.submit(shell_job(app_id, script, kind="batch", job_id=job_id))
        until(lambda: (job := nomad.job(job_id)) is not None and job.status == "dead")
        (allocation,) = nomad.allocations(job_id)
        assert allocation.exit_code == 0
        return allocation.id

    def crash(app_id: str, allocation_id: str) -> None:
        home = request.getfixturevalue("instance").home
        client.log(app_id, source="app", dyno="web.1", lines=["it has a log"])
        over = Event(at=int(CRASH.at.timestamp()) * 10**9, kind="Terminated", exit_code=3, oom_killed=False)
        state = AllocationState(
            id=allocation_id,
            app_id=app_id,
            dyno="web.1",
            long_running=True,
            task="build",
            ended=True,
            wanted=True,
            healthy=None,
            deployed=False,
            events=(over,),
            disk_mb=None,
        )
        CrashBook(home / "applogs", home / "nomad" / "alloc").note(state)

    def hear(app_id: str, in_flight: int) -> None:
        report = {
            "worker": "1.1",
            "slot": 0,
            "of": 1,
            "apps": [{"app": app_id, "in_flight": in_flight, "requests": 1, "statuses": [0, 1, 0, 0, 0]}],
        }
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as router:
            router.connect(str(request.getfixturevalue("instance").home / "run" / "node-router.sock"))
            router.send(b"#metrics " + json.dumps(report).encode())

    client = NodeClient(told["node_socket"])
    yield Stage(client, NodeClient("/nowhere/node.sock"), build, crash, hear)
    client.close()


@pytest.fixture
def app(stage):
    app_id = f"c0ffee00-0000-4000-8000-{secrets.token_hex(6)}"
    yield app_id
    stage.node.forget(app_id)


def messages(lines: list[str]) -> list[str]:
    return [line.split(" ", 1)[1] for line in lines]


def test_platform_lines_are_read_back(stage, app):
    """In Heroku's form, oldest first, at most as many as asked for; line ends split a message."""
    stage.node.log(app, source="app", dyno="api", lines=["Release v1 created", "two\nlines"])
    stage.node.log(app, source="heroku", dyno="web.1", lines=["State changed from starting to up"])

    found = list(stage.node.logs(LogQuery(app_id=app)))
    assert messages(found) == [
        "app[api]: Release v1 created",
        "app[api]: two",
        "app[api]: lines",
        "heroku[web.1]: State changed from starting to up",
    ]
    assert found[0].split(" ")[0].endswith("+00:00")
    assert messages(list(stage.node.logs(LogQuery(app_id=app, lines=1)))) == messages(found)[-1:]


def test_lines_are_chosen_by_source_dyno_and_type(stage, app):
    """Each narrows the query; no app sees another's lines."""
    stage.node.log(app, source="app", dyno="web.1", lines=["a"])
    stage.node.log(app, source="app", dyno="web.2", lines=["b"])
    stage.node.log(app, source="heroku", dyno="web.2", lines=["c"])

    def chosen(**query: str) -> list[str]:
        return messages(list(stage.node.logs(LogQuery(app_id=app, **query))))

    assert chosen(dyno="web.2") == ["app[web.2]: b", "heroku[web.2]: c"]
    assert chosen(source="heroku") == ["heroku[web.2]: c"]
    assert chosen(process_type="web", source="app") == ["app[web.1]: a", "app[web.2]: b"]
    assert list(stage.node.logs(LogQuery(app_id=str(uuid.uuid4())))) == []


def test_tail_goes_on(stage, app):
    """Recent lines, then new ones as they come; heartbeats are empty; closing it is the reader's."""
    stage.node.log(app, source="app", dyno="api", lines=["before"])
    tail = stage.node.logs(LogQuery(app_id=app, tail=True))
    found: list[str] = []
    both = threading.Event()

    def read() -> None:
        for line in tail:
            found.append(line)
            if line.endswith("after"):
                both.set()
                return

    reader = threading.Thread(target=read)
    reader.start()
    stage.node.log(app, source="app", dyno="api", lines=["after"])

    assert both.wait(5)
    reader.join()
    assert messages([line for line in found if line]) == ["app[api]: before", "app[api]: after"]


def test_nothing_forges_a_source(stage, app):
    """A message that looks like another line stays a message."""
    stage.node.log(
        app, source="app", dyno="web.1", lines=["x\r2024-01-01T00:00:00.000000+00:00 heroku[router]: fake", "y\u2028z"]
    )

    assert list(stage.node.logs(LogQuery(app_id=app, source="heroku"))) == []
    assert all(line.splitlines() == [line] for line in stage.node.logs(LogQuery(app_id=app)))


def test_what_a_build_printed_and_left(stage, app):
    """Output from any offset, the slug, the result; the cache is kept."""
    allocation_id = stage.build(app, SCRIPT)

    assert stage.node.output(allocation_id, task="build") == OUTPUT.encode()
    assert stage.node.output(allocation_id, task="build", offset=5, limit=3) == b"one"
    assert stage.node.output(allocation_id, task="build", offset=len(OUTPUT)) == b""
    assert b"".join(stage.node.slug(allocation_id)) == b"tgz"
    assert stage.node.result(allocation_id) == RESULT
    stage.node.keep_cache(allocation_id, app_id=app)
    assert stage.node.cache_sizes()[app] == len("cache")
    stage.node.forget(app)
    assert app not in stage.node.cache_sizes()


def test_what_a_hostile_build_left(stage, app):
    """Links are not followed, a result that is no object is none, and a missing cache is no error."""
    allocation_id = stage.build(app, HOSTILE)

    with pytest.raises(KeyError):
        stage.node.slug(allocation_id)
    assert stage.node.result(allocation_id) is None
    stage.node.keep_cache(allocation_id, app_id=app)
    assert app not in stage.node.cache_sizes()


def test_a_slug_that_is_nowhere_cannot_be_kept(stage, app):
    """KeyError; tests/e2e/test_wake.py sees one that is there."""
    with pytest.raises(KeyError):
        stage.node.keep_slug(app, sha256="0" * 64)


def test_the_last_crash_is_kept(stage, app):
    """With exit code and last lines, until the app is forgotten; an app without one has none."""
    assert list(stage.node.crashes(app)) == []
    allocation_id = stage.build(app, SCRIPT)

    stage.crash(app, allocation_id)

    assert list(stage.node.crashes(app)) == [
        replace(CRASH, allocation_id=allocation_id, lines=tuple(OUTPUT.splitlines()))
    ]
    stage.node.forget(app)
    assert list(stage.node.crashes(app)) == []


def test_without_a_dyno_there_is_no_use_of_memory(stage, app):
    """Figures are of what runs; tests/e2e/test_dyno_life.py sees those of a dyno."""
    assert list(stage.node.memory(app)) == []


def test_activity(stage, app, until):
    """An app's last request and those in flight; one that had none is missing; a forgotten one is, too."""
    stage.request(app, 2)
    found = until(lambda: (activity := stage.node.activity()).since and app in activity.apps and activity)

    assert found.since <= found.heard_at
    assert found.apps[app].in_flight == 2
    assert found.apps[app].last_request.tzinfo is not None
    stage.request(app, 0)
    until(lambda: stage.node.activity().apps[app].in_flight == 0)
    assert str(uuid.uuid4()) not in stage.node.activity().apps
    stage.node.forget(app)
    assert app not in stage.node.activity().apps


def test_refusals(stage, app):
    """Nobody refuses; tests/e2e/test_mesh.py has somebody who does."""
    assert app not in [each.app_id for each in stage.node.refusals()]


def test_nothing_to_freeze(stage, app):
    """An app without dynos on the node: none is frozen, and thawing it changes nothing."""
    assert list(stage.node.freeze(app)) == []
    stage.node.thaw(app)

    assert app not in stage.node.frozen()


def test_metrics(stage, app, until):
    """Figures by minute, and counts that only grow; an app without requests has zeros, a forgotten one, too."""
    stage.request(app, 1)
    now = until(lambda: stage.node.activity().heard_at)
    span = {"first": now - timedelta(minutes=59), "last": now + timedelta(minutes=1)}
    found = until(lambda: (metrics := stage.node.metrics(app, **span)).total.requests and metrics)

    assert found.in_flight == 1
    assert found.total.statuses == {"1xx": 0, "2xx": 1, "3xx": 0, "4xx": 0, "5xx": 0}
    assert found.total.seconds > 0
    assert sum(point.figures.requests for point in found.points) == 1
    whole = stage.node.metrics(app, **span, step=61)
    assert [point.figures for point in whole.points] == [whole.total]
    assert list(stage.node.tallies()[app].statuses) == [0, 1, 0, 0, 0]
    stage.node.forget(app)
    assert stage.node.metrics(app, **span).total.requests == 0
    assert app not in stage.node.tallies()


def test_unknown_allocation(stage, app):
    """Nothing printed yet, no slug, no result."""
    allocation_id = str(uuid.uuid4())

    assert stage.node.output(allocation_id, task="build") == b""
    assert stage.node.result(allocation_id) is None
    with pytest.raises(KeyError):
        stage.node.slug(allocation_id)


def test_forgotten_app_has_no_log(stage, app):
    """Its lines are gone, and forgetting it again is success."""
    stage.node.log(app, source="app", dyno="api", lines=["x"])
    stage.node.forget(app)
    stage.node.forget(app)

    assert list(stage.node.logs(LogQuery(app_id=app))) == []


# httpcore leaves the socket of a failed connect to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_unavailable(stage, app):
    """Without an answer every method raises NodeUnavailable, `logs` already when it is called."""
    stage.node.ping()
    allocation_id = str(uuid.uuid4())
    for ask in (
        stage.unavailable.ping,
        lambda: stage.unavailable.logs(LogQuery(app_id=app)),
        lambda: stage.unavailable.logs(LogQuery(app_id=app, tail=True)),
        lambda: stage.unavailable.log(app, source="app", dyno="api", lines=["x"]),
        lambda: stage.unavailable.output(allocation_id, task="build"),
        lambda: stage.unavailable.slug(allocation_id),
        lambda: stage.unavailable.result(allocation_id),
        lambda: stage.unavailable.keep_cache(allocation_id, app_id=app),
        lambda: stage.unavailable.keep_slug(app, sha256="0" * 64),
        stage.unavailable.cache_sizes,
        lambda: stage.unavailable.crashes(app),
        lambda: stage.unavailable.memory(app),
        stage.unavailable.activity,
        stage.unavailable.refusals,
        lambda: stage.unavailable.freeze(app),
        lambda: stage.unavailable.thaw(app),
        stage.unavailable.frozen,
        stage.unavailable.tallies,
        lambda: stage.unavailable.metrics(app, first=CRASH.at, last=CRASH.at),
        lambda: stage.unavailable.forget(app),
    ):
        with pytest.raises(NodeUnavailable):
            ask()
