"""Dynos that move in and out at a few addresses, and visitors who must never meet a stranger."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import string
import subprocess
import threading
import time
import uuid
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[3]
CNI = Path(os.environ.get("NOMAPAAS_CACHE", "/var/cache/nomapaas")) / "servers" / "cni"
APPS = ("ant", "bee", "cat", "dog", "eel")
PORT = 5000
ADDRESSES = 20


class Ours(string.Template):
    """As in `cli.platform.render`."""

    delimiter = "@"


class Plugin:
    """The dynos' IPAM plugin with 20 addresses, as CNI runs it."""

    def __init__(self, edge) -> None:
        found = sorted(CNI.glob("*/host-local"))
        if not found:
            pytest.skip(f"host-local is not below {CNI}; `nomapaas up` puts it there.")
        self.leases = edge.home / "cni-leases" / "nomapaas"
        self._program = edge.home / "dyno-ipam"
        values = {"home": edge.home, "run": edge.home / "run", "host_local": found[-1]}
        self._program.write_text(Ours((ROOT / "nomad" / "agent" / "dyno-ipam").read_text()).substitute(values))
        self._program.chmod(0o755)
        ranges = [[{"subnet": "127.77.0.0/24", "rangeStart": "127.77.0.2", "rangeEnd": f"127.77.0.{ADDRESSES + 1}"}]]
        ipam = {"type": "dyno-ipam", "dataDir": str(self.leases.parent), "ranges": ranges}
        self._config = json.dumps({"cniVersion": "1.0.0", "name": "nomapaas", "ipam": ipam})

    def run(self, command: str, allocation: str) -> subprocess.CompletedProcess[str]:
        env = {"CNI_COMMAND": command, "CNI_CONTAINERID": allocation, "CNI_NETNS": "/n", "CNI_IFNAME": "eth0"}
        env |= {"CNI_PATH": "/", "PATH": os.environ["PATH"]}
        return subprocess.run(
            [self._program], input=self._config, env=env, capture_output=True, text=True, check=False, timeout=30
        )

    def add(self, allocation: str) -> str:
        """An address, as soon as there is one: Nomad tries again, too."""
        deadline = time.monotonic() + 15
        while (done := self.run("ADD", allocation)).returncode != 0:
            assert time.monotonic() < deadline, done.stdout + done.stderr
            threading.Event().wait(0.1)
        return str(json.loads(done.stdout)["ips"][0]["address"].split("/")[0])

    def leased(self) -> list[str]:
        return sorted(path.name for path in self.leases.glob("*.*.*.*"))


class Resident:
    """A dyno that lives at an address which CNI gave it, and says whose it is."""

    def __init__(self, plugin: Plugin, app: str) -> None:
        self.app, self.name, self.port = app, "web.1", PORT
        self.alloc = str(uuid.uuid4())
        self._plugin = plugin
        self.address = plugin.add(self.alloc)
        self._listener = socket.create_server((self.address, PORT))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        open_ones = []
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                open_ones.append(connection)
                threading.Thread(target=self._answer, args=(connection,)).start()
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, connection: socket.socket) -> None:
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(self.app), self.app.encode())
        with connection, contextlib.suppress(OSError):
            while connection.recv(65536):
                connection.sendall(reply)

    def end(self) -> None:
        """The process first, then its network, as Nomad does."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        assert self._plugin.run("DEL", self.alloc).returncode == 0


class Town:
    """Apps with one dyno each, and a table that may be as old as a test wants it."""

    def __init__(self, edge, table) -> None:
        self.edge, self.plugin = edge, Plugin(edge)
        self.table = type(table)(edge)
        self.living: dict[str, Resident] = {}

    def replace(self, app: str) -> None:
        """A new dyno takes the place of the app's old one."""
        new = Resident(self.plugin, app)
        if old := self.living.pop(app, None):
            old.end()
        self.living[app] = new

    def document(self) -> dict[str, object]:
        """What Consul would say now."""
        for app in APPS:
            app_id = self.table.app(f"{app}.localhost")
            if resident := self.living.get(app):
                self.table.dyno(app_id, resident, alloc=resident.alloc)
        apps = [json.dumps(record) for record in self.table.apps.values()]
        return {"apps": apps, "dynos": list(self.table.dynos)}

    def push(self, document: object | None = None) -> None:
        assert self.edge.push(document or self.document()).status_code == 200

    def close(self) -> None:
        for resident in self.living.values():
            resident.end()


class Visitors:
    """Ask for every app all the time, on kept and on new connections, and note who answered."""

    def __init__(self, edge) -> None:
        self._url = f"http://127.0.0.1:{edge.port}"
        self._over = threading.Event()
        self.answers: dict[tuple[str, str], int] = {}
        self._threads = [threading.Thread(target=self._ask, args=(app,)) for app in APPS]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, app: str) -> None:
        with httpx.Client(base_url=self._url, timeout=20) as client:
            turns = itertools.count()
            while not self._over.wait(0.01):
                closing = {"Connection": "close"} if next(turns) % 2 else {}
                try:
                    answer = client.get("/", headers={"Host": f"{app}.localhost"} | closing)
                except httpx.TransportError:
                    continue
                key = app, answer.text if answer.status_code == 200 else str(answer.status_code)
                self.answers[key] = self.answers.get(key, 0) + 1

    def foreign(self) -> dict[tuple[str, str], int]:
        return {key: count for key, count in self.answers.items() if key[1] in APPS and key[0] != key[1]}

    def own(self) -> int:
        return sum(count for (app, who), count in self.answers.items() if app == who)
