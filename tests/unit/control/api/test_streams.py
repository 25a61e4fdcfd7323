"""Output streams and log sessions."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.builds import BuildStatus
from control.domain.releases import ReleaseStatus
from jobs import names

EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture
def build(api: Any, app: App) -> Any:
    return api.post(f"/apps/{app.name}/builds", {"source_blob": {"url": "https://example.com/x.tgz"}}).json


def _print(plane: Any, owner_id: str, text: str) -> None:
    with plane.state.begin() as work:
        work.outputs.append(owner_id, text)
        work.commit()


def _path(url: str) -> str:
    assert url.startswith("http://localhost/")
    return url.removeprefix("http://localhost")


def test_output_of_an_ended_build(api: Any, plane: Any, build: Any) -> None:
    """Without a token, the whole output as text, and the end."""
    _print(plane, build["id"], "-----> One\n")
    _print(plane, build["id"], "       zwei ü\n")
    plane.end_build(build["id"], BuildStatus.SUCCEEDED)
    api.token = None

    answer = api.get(_path(build["output_stream_url"]), headers={"Accept": "*/*"})

    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.text == "-----> One\n       zwei ü\n"
    assert "Content-Length" not in answer.headers


def test_output_from_a_byte(api: Any, plane: Any, build: Any) -> None:
    """A broken stream goes on from the byte that it broke at; beyond the end it is 416."""
    _print(plane, build["id"], "0123456789")
    plane.end_build(build["id"], BuildStatus.SUCCEEDED)
    path = _path(build["output_stream_url"])

    rest = api.get(path, headers={"Range": "bytes=4-"})
    assert (rest.status_code, rest.text, rest.headers["Content-Range"]) == (206, "456789", "bytes 4-*/*")
    assert api.get(path, headers={"Range": "bytes=10-"}).text == ""
    assert api.get(path, headers={"Range": "bytes=11-"}).status_code == 416


def test_output_as_events(api: Any, plane: Any, build: Any) -> None:
    """Each line is an event whose id is where to go on, and Last-Event-Id goes on there."""
    _print(plane, build["id"], "one\ntwo\nrest")
    plane.end_build(build["id"], BuildStatus.SUCCEEDED)
    path = _path(build["output_stream_url"])

    assert api.get(path, headers=EVENTS).text == ("id: 4\ndata: one\n\nid: 8\ndata: two\n\nid: 12\ndata: rest\n\n")
    assert api.get(path, headers=EVENTS | {"Last-Event-Id": "8"}).text == "id: 12\ndata: rest\n\n"


def test_output_is_followed_to_its_end(api: Any, plane: Any, build: Any) -> None:
    """A stream of a running build gives what comes, keeps alive while nothing comes, and ends with the build."""
    events: list[Any] = [
        *[lambda: None] * 101,
        lambda: _print(plane, build["id"], "late\n"),
        lambda: plane.end_build(build["id"], BuildStatus.FAILED),
    ]
    plane.clock.advance, tick = (lambda _seconds: (tick(0.1), events.pop(0)())), plane.clock.advance

    answer = api.get(_path(build["output_stream_url"]), headers=EVENTS)

    assert answer.text == ": keepalive\n\nid: 5\ndata: late\n\n"


def test_release_output_ends_with_the_phase(api: Any, app: App, plane: Any) -> None:
    """The stream of a release phase ends when the phase has, though the release still boots."""
    release = plane.deploy(app, {"web": "x", "release": "./migrate"}, status=ReleaseStatus.PENDING)
    _print(plane, release.id, "migrated\n")
    job_id = names.release_phase_job_id(app.id, release.version)
    plane.scheduler.submit(
        {"ID": job_id, "Type": "batch", "TaskGroups": [{"Name": "release", "Count": 1, "Tasks": [{"Name": "release"}]}]}
    )
    plane.scheduler.stop(job_id)
    url = api.get(f"/apps/{app.name}/releases/1").json["output_stream_url"]

    assert api.get(_path(url)).text == "migrated\n"


@pytest.mark.parametrize("kind", ["outputs", "logs"])
def test_addresses_that_are_not_ours(api: Any, kind: str) -> None:
    """A forged or broken address is 404."""
    for signed in ("x", "WyJidWlsZCIsICJ4Il0.AAAA"):
        missing = api.get(f"/streams/{kind}/{signed}")
        assert (missing.status_code, missing.json["resource"]) == (404, "stream")


def test_output_of_a_removed_app(api: Any, app: App, plane: Any, build: Any) -> None:
    """When the app's rows are gone its output is 404."""
    with plane.state.begin() as work:
        work.apps.remove(app.id)
        work.commit()

    assert api.get(_path(build["output_stream_url"])).status_code == 404


def test_logs_as_text_and_events(api: Any, app: App, plane: Any) -> None:
    """A log session gives the app's lines without a token, as text or as events."""
    plane.node.log(app.id, source="app", dyno="web.1", lines=["hello", "world"])
    made = api.post(f"/apps/{app.name}/log-sessions", {"lines": 10})
    assert made.status_code == 201
    api.token = None
    path = _path(made.json["logplex_url"])

    lines = api.get(path, headers={"Accept": "*/*"}).text.splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["app[web.1]: hello", "app[web.1]: world"]
    assert api.get(path, headers=EVENTS).text == "".join(f"data: {line}\n\n" for line in lines)


def test_log_filters(api: Any, app: App, plane: Any) -> None:
    """Lines are chosen by number, source, dyno and process type; `dyno` is what the stock CLI sends."""
    plane.node.log(app.id, source="app", dyno="web.1", lines=["a", "b"])
    plane.node.log(app.id, source="app", dyno="worker.1", lines=["c"])
    plane.node.log(app.id, source="heroku", dyno="router", lines=["d"])

    def texts(**asked: object) -> list[str]:
        url = api.post(f"/apps/{app.name}/log-sessions", asked).json["logplex_url"]
        return [line.rsplit(" ", 1)[1] for line in api.get(_path(url)).text.splitlines()]

    assert texts() == ["a", "b", "c", "d"]
    assert texts(lines=1) == ["d"]
    assert texts(source="heroku") == ["d"]
    assert texts(dyno="web.1") == texts(dyno_name="web.1") == texts(type="web") == ["a", "b"]


@pytest.mark.parametrize("asked", [{"lines": -1}, {"lines": "many"}, {"tail": "yes"}, {"source": 1}])
def test_bad_log_sessions(api: Any, app: App, asked: dict[str, object]) -> None:
    """A log session that cannot be is 422."""
    assert api.post(f"/apps/{app.name}/log-sessions", asked).status_code == 422


def test_a_log_session_ends_soon(api: Any, app: App, plane: Any, flask_app: Any) -> None:
    """A log session's address does not open anything for ever, nor after its app is gone."""
    url = api.post(f"/apps/{app.name}/log-sessions").json["logplex_url"]
    assert api.get(_path(url)).status_code == 200

    context = flask_app.extensions["nomapaas"]
    context.signer._log_life = -1
    assert api.get(_path(url)).status_code == 404
    context.signer._log_life = 300
    api.delete(f"/apps/{app.name}")
    assert api.get(_path(url)).status_code == 404


def test_tail_goes_on(api: Any, app: App, plane: Any) -> None:
    """A tail gives lines as they come, with comments in between, until the client or the log ends it."""
    plane.node.log(app.id, source="app", dyno="web.1", lines=["first"])
    url = api.post(f"/apps/{app.name}/log-sessions", {"tail": True}).json["logplex_url"]
    stream = api.get(_path(url), headers=EVENTS, buffered=False).iter_encoded()

    seen = next(piece for piece in stream if b"first" in piece)
    assert seen.startswith(b"data: ")
    assert next(piece for piece in stream if piece) == b": keepalive\n\n"
    writer = threading.Thread(target=lambda: plane.node.log(app.id, source="app", dyno="web.1", lines=["second"]))
    writer.start()
    assert b"second" in next(piece for piece in stream if b"data" in piece)
    writer.join()
    plane.node.close()


def test_streams_end_when_the_process_does(api: Any, app: App, plane: Any, flask_app: Any, build: Any) -> None:
    """A process that is told to stop ends its streams: it could not stop otherwise."""
    plane.node.log(app.id, source="app", dyno="web.1", lines=["line"])
    logs = _path(api.post(f"/apps/{app.name}/log-sessions", {"tail": True}).json["logplex_url"])

    flask_app.extensions["nomapaas"].closing.set()

    assert api.get(_path(build["output_stream_url"])).text == ""
    assert api.get(logs).text == ""


def test_only_so_many_streams(api: Any, app: App, plane: Any, flask_app: Any) -> None:
    """Streams leave room for the rest of the API: one too many is 503, and a closed one gives its place back."""
    _bound(flask_app, plane, max_streams=1)
    plane.node.log(app.id, source="app", dyno="web.1", lines=["line"])
    path = _path(api.post(f"/apps/{app.name}/log-sessions", {"tail": True}).json["logplex_url"])
    first = api.get(path, buffered=False)
    pieces = first.iter_encoded()
    next(piece for piece in pieces if piece)

    refused = api.get(path)
    assert (refused.status_code, refused.json["id"]) == (503, "service_unavailable")

    first.close()
    assert api.get(path, buffered=False).status_code == 200
    plane.node.close()


def _bound(flask_app: Any, plane: Any, **settings: int) -> None:
    context = flask_app.extensions["nomapaas"]
    flask_app.extensions["nomapaas"] = replace(context, settings=replace(plane.settings, **settings))


def test_head_takes_no_place(api: Any, app: App, plane: Any, flask_app: Any, build: Any) -> None:
    """A question about the headers alone holds nothing, and nothing is opened for it at the node."""
    _bound(flask_app, plane, max_streams=1)
    logs = _path(api.post(f"/apps/{app.name}/log-sessions", {"tail": True}).json["logplex_url"])

    for path in (logs, _path(build["output_stream_url"])) * 2:
        asked = api("HEAD", path, headers=EVENTS)
        assert (asked.status_code, asked.mimetype, asked.data) == (200, "text/event-stream", b"")

    assert api.get(logs, buffered=False).status_code == 200
    plane.node.close()


def test_a_stream_that_nobody_begins_to_read_gives_its_place_back(
    api: Any, plane: Any, flask_app: Any, build: Any
) -> None:
    """Closed before its first piece: its generator never runs, not even its end."""
    _bound(flask_app, plane, max_streams=1)
    plane.end_build(build["id"], BuildStatus.SUCCEEDED)
    path = _path(build["output_stream_url"])

    for _ in range(3):
        with flask_app.test_request_context(path):
            response = flask_app.full_dispatch_request()
            assert response.status_code == 200
            response.close()


def test_a_log_that_cannot_be_opened_gives_its_place_back(api: Any, app: App, plane: Any, flask_app: Any) -> None:
    """The node agent is away, and then it is back."""
    _bound(flask_app, plane, max_streams=1)
    path = _path(api.post(f"/apps/{app.name}/log-sessions").json["logplex_url"])
    plane.node.down = True

    assert api.get(path).status_code == 503
    plane.node.down = False
    assert api.get(path).status_code == 200


def test_one_account_cannot_take_all_streams(
    api: Any, plane: Any, flask_app: Any, client_of: Any, make_app: Any
) -> None:
    """Beyond its bound the apps of one owner get 429, all of them, while another owner's are followed."""
    _bound(flask_app, plane, max_streams_of_account=1)
    bob = plane.actor("bob@example.com")
    urls = [
        _path(client.post(f"/apps/{each.name}/log-sessions", {"tail": True}).json["logplex_url"])
        for client, each in (
            (api, make_app()),
            (api, make_app("second-harbor")),
            (client_of(bob), make_app("third-harbor", bob)),
        )
    ]
    first = api.get(urls[0], buffered=False)

    for url in urls[:2]:
        refused = api.get(url)
        assert (refused.status_code, refused.json["id"]) == (429, "rate_limit")
        assert refused.json["message"].startswith("The apps of this app's owner may have 1 log and output streams open")
    assert api.get(urls[2], buffered=False).status_code == 200
    first.close()
    assert api.get(urls[1], buffered=False).status_code == 200
    plane.node.close()
