"""ps:wait."""

from __future__ import annotations

import pytest

RELEASE = {"id": "r3", "version": 3, "status": "succeeded", "failure_message": None}


def _dyno(name: str, version: int, state: str = "up") -> dict[str, object]:
    return {"name": name, "type": name.partition(".")[0], "state": state, "release": {"version": version}}


def test_it_ends_when_all_dynos_run_the_latest(cli, host):
    """Old ones, and ones that only start, are waited for."""
    host.on("GET", "/apps/hello/releases", [RELEASE | {"status": "pending"}])
    host.on("GET", "/apps/hello/releases", [RELEASE])
    host.on("GET", "/apps/hello/dynos", [_dyno("web.1", 2)])
    host.on("GET", "/apps/hello/dynos", [_dyno("web.1", 2), _dyno("web.1", 3)])
    host.on("GET", "/apps/hello/dynos", [_dyno("web.1", 3, "starting")])
    host.on("GET", "/apps/hello/dynos", [_dyno("web.1", 3), _dyno("worker.1", 3), _dyno("run.4", 1)])

    result = cli("ps:wait", "-w", "0.5")

    assert result.status == 0
    assert "done, 2 of 2 on v3" in result.err
    assert cli.pauses == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(("words", "status"), [(("-t", "web"), 0), (("--with-run",), 1), ((), 1)])
def test_what_is_waited_for(cli, host, words, status):
    """One type, or one-off dynos too; otherwise those of the formation."""
    host.on("GET", "/apps/hello/releases", [RELEASE])
    host.on("GET", "/apps/hello/dynos", [_dyno("web.1", 3), _dyno("worker.1", 3, "crashed"), _dyno("run.4", 1)])

    result = cli("ps:wait", "--timeout", "5", *words)

    assert result.status == status
    assert ("worker.1 (crashed on v3)" in result.err) is (status == 1)


def test_a_failed_release_ends_it(cli, host):
    """It would wait for ever."""
    host.on("GET", "/apps/hello/releases", [RELEASE | {"status": "failed", "failure_message": "It ended."}])
    host.on("GET", "/apps/hello/dynos", [])

    result = cli("ps:wait")

    assert (result.status, "v3 is not on the air: It ended." in result.err) == (1, True)


def test_an_app_without_a_release(cli, host):
    """There is nothing to wait for."""
    host.on("GET", "/apps/hello/releases", [])

    assert "has no releases" in cli("ps:wait").err
