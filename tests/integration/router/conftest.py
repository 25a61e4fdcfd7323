"""A real nginx with the router's configuration, on a free port, and small servers that play dynos."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from control.node.router_reports import MARK, Report, parse
from router.render import push_command, render
from router.settings import from_env
from tests.integration.router.dynos import DynoMaker
from tests.ports import free_port
from tests.waiting import until

USER = "nobody"
SHORT_TIMES = {
    "NOMAPAAS_ROUTER_BOOT_TIMEOUT": "1.5",
    "NOMAPAAS_ROUTER_FIRST_BYTE_TIMEOUT": "1",
    "NOMAPAAS_ROUTER_IDLE_TIMEOUT": "3",
    "NOMAPAAS_ROUTER_CONNECT_TIMEOUT": "0.5",
    "NOMAPAAS_ROUTER_QUARANTINE": "1",
}


def eventually(answer: Callable[[], object], *, seconds: float = 5) -> object:
    """The first true answer."""
    return until(answer, seconds=seconds)


def command_of(pid: str) -> bytes:
    """Nothing when the process has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def given_to_user(folder: Path) -> Path:
    """Give a folder to the user under which nginx runs: one without rights, as under Nomad."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(USER).pw_uid, -1)
    return folder


class Edge:
    """An nginx of the router; what it would tell the node agent is in `lines`, what its workers count in `reports`."""

    def __init__(self, **more: str) -> None:
        self.home = given_to_user(Path(tempfile.mkdtemp(prefix="edge-")))
        self.port = free_port()
        self.tls_port = free_port()
        where = {"NOMAPAAS_HOME": str(self.home), "NOMAPAAS_PORT_BASE": str(self.port), "VAULT_ADDR": ""}
        env = SHORT_TIMES | where | {"NOMAPAAS_ROUTER_TLS_PORT": str(self.tls_port)} | more
        self.settings = from_env(env)
        given_to_user(self.settings.state_dir)
        (self.home / "run").mkdir()
        render(self.settings)
        self._lines: list[str] = []
        self.reports: list[Report] = []
        self._log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log.bind(str(self.settings.log_socket))
        self.settings.log_socket.chmod(0o666)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)
        # A kept connection would be one worker's, also while a test has frozen it.
        alone = httpx.HTTPTransport(uds=str(self.settings.socket), limits=httpx.Limits(max_keepalive_connections=0))
        self.admin = httpx.Client(transport=alone, base_url="http://edge", timeout=20)
        self.errors = (self.home / "errors").open("w+")
        self.start()

    def start(self) -> None:
        self.process = self.spawn("start-nginx")
        eventually(self._up)

    def spawn(self, script: str, **env: str) -> subprocess.Popen[bytes]:
        """Run one of the rendered scripts as the router's user."""
        root = os.geteuid() == 0
        command = [str(self.settings.etc_dir / script)]
        return subprocess.Popen(
            command,
            stderr=self.errors,
            env=os.environ | env,
            user=USER if root else None,
            extra_groups=[] if root else None,
        )

    def _up(self) -> bool:
        assert self.process.poll() is None, Path(self.errors.name).read_text()
        with socket.socket() as probe, socket.socket(socket.AF_UNIX) as own_side:
            listens = probe.connect_ex(("127.0.0.1", self.port)) == 0
            listens = listens and own_side.connect_ex(str(self.settings.socket)) == 0
        # A worker has its name a moment after it was begun.
        return listens and len(self.workers()) == self.settings.workers

    def health(self) -> dict[str, object]:
        return self.admin.get("/health").json()

    def routed_files(self) -> list[Path]:
        """One for each table that some request may still be sent by."""
        return sorted(self.settings.routed.iterdir())

    def routed(self) -> set[str]:
        """Addresses that CNI must not give away."""
        return {line for path in self.routed_files() for line in path.read_text().split()}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        # What looks after the cache's files is a child, too.
        return [int(pid) for pid in children.read_text().split() if b"worker process" in command_of(pid)]

    def get(self, host: str, path: str = "/", **more: object) -> httpx.Response:
        return self.request("GET", host, path, **more)

    def request(self, method: str, host: str, path: str = "/", **more: object) -> httpx.Response:
        headers = {"Host": host} | dict(more.pop("headers", {}))  # type: ignore[call-overload]
        return self.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]

    def connect(self) -> socket.socket:
        """A bare connection to the public port."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def raw(self, request: bytes) -> bytes:
        """All that comes back for these bytes until nginx closes."""
        with self.connect() as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def push(self, document: object) -> httpx.Response:
        """Hand over a whole table, as consul-template does."""
        return self.admin.put("/table", content=json.dumps(document).encode())

    def push_command(self) -> list[str]:
        return push_command(self.settings)

    def _read(self) -> None:
        while (datagram := self._log.recv(65536)) != b"end":
            if datagram.startswith(MARK):
                report = parse(datagram)
                assert report, datagram
                self.reports.append(report)
            else:
                self._lines += datagram.decode().split("\n")

    def forget_lines(self) -> None:
        self._lines.clear()
        self.reports.clear()

    def line(self, *parts: str) -> str:
        """The line, come or coming, that has all these parts."""
        found = eventually(lambda: [line for line in self._lines if all(part in line for part in parts)])
        return found[0]  # type: ignore[index]

    def close(self) -> None:
        self.stop()
        self.client.close()
        self.admin.close()
        self.errors.close()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"end", str(self.settings.log_socket))
        self._reader.join()
        self._log.close()
        shutil.rmtree(self.home)


class Table:
    """Apps and dynos, to be changed and pushed again and again."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self.apps: dict[str, dict[str, object]] = {}
        self.dynos: list[dict[str, object]] = []

    def app(self, host: str, *dynos: object, state: str = "up", maintenance: bool = False) -> str:
        """Set an app and its dynos, which are whatever has a `port` and a `name`."""
        app_id = next((key for key, record in self.apps.items() if host in record["hosts"]), str(uuid.uuid4()))
        record = {"app": app_id, "name": host.split(".", maxsplit=1)[0], "hosts": [host], "release": 1}
        self.apps[app_id] = record | {"state": state, "maintenance": maintenance}
        self.dynos = [dyno for dyno in self.dynos if dyno["app"] != app_id]
        for dyno in dynos:
            self.dyno(app_id, dyno)
        return app_id

    def dyno(self, app_id: str, dyno: object, **more: object) -> None:
        where = {"app": app_id, "addr": getattr(dyno, "address", "127.0.0.1"), "port": dyno.port, "dyno": dyno.name}
        self.dynos.append(where | {"release": "1", "stage": "live", "alloc": str(dyno.port), "passing": True} | more)

    def push(self) -> None:
        apps = [json.dumps(record) for record in self.apps.values()]
        answer = self._edge.push({"apps": apps, "dynos": self.dynos})
        assert answer.status_code == 200, answer.text


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., object]:
    """Waits for something to come true."""
    return eventually


@pytest.fixture(scope="session")
def free_ports() -> Callable[[int], list[int]]:
    """Numbers of ports that nobody listens on."""
    return lambda count: [free_port() for _ in range(count)]


@pytest.fixture(scope="session")
def edge() -> Iterator[Edge]:
    """An nginx whose times are short, for all tests of this folder: each pushes a table of its own."""
    started = Edge()
    yield started
    started.close()


@pytest.fixture
def table(edge: Edge) -> Table:
    """A table to fill and push; no other test's app is in it."""
    edge.forget_lines()
    return Table(edge)


@pytest.fixture
def dynos() -> Iterator[DynoMaker]:
    """Makes dynos that end with the test."""
    maker = DynoMaker()
    yield maker
    maker.close()
