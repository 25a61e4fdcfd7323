"""Every node agent: the twin in memory and the real one."""

from __future__ import annotations

import json
import secrets
import socket
import uuid
from dataclasses import replace

import pytest

from control.adapters.memory import MemoryNode
from control.adapters.node_client import NodeClient
from control.node.allocations import AllocationState, Event
from control.node.crashes import CrashBook
from tests.contract.node.stage import CRASH, OUTPUT, RESULT, SCRIPT, Stage


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
