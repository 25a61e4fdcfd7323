"""What every node agent promises of logs."""

from __future__ import annotations

import threading
import uuid

from control.ports.node import LogQuery


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
