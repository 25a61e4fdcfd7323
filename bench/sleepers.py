"""What a further sleeping app costs the routing parts in memory: nginx and consul-template, beside a Consul.

A sleeping app is to them one record; it has no dyno. The parts run alone here, so that nobody else's growth counts.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psutil

from bench import router
from bench.measure import Row, at_most
from jobs.names import route_key
from router.render import render
from router.settings import RouterSettings, from_env

SERVERS = Path(os.environ.get("NOMAPAAS_CACHE", "/var/cache/nomapaas")) / "servers"
ROUNDS = 7
STEP = 500
"""Further apps in each round."""
LIMIT_KB = 200

_PATIENCE_S = 60
_SETTLED_S = 2


def measure(say: Callable[[str], None]) -> list[Row]:
    """Add apps to a small router again and again, and see by how much its processes grow."""
    grown = []
    with _parts() as (settings, consul, pids):
        _add(settings, consul, STEP)
        before = _kilobytes(pids())
        for number in range(ROUNDS):
            _add(settings, consul, STEP)
            after = _kilobytes(pids())
            grown.append((after - before) / STEP)
            say(f"  {number + 1}/{ROUNDS}: {(number + 2) * STEP} apps, {after / 1024:.0f} MB, {grown[-1]:.1f} kB each")
            before = after
    return [at_most("sleeping_app", grown, unit="kB", limit=LIMIT_KB)]


def _add(settings: RouterSettings, consul: httpx.Client, count: int) -> None:
    """Write records of sleeping apps; return when every worker has the table with all of them."""
    known = int(_health(settings)["apps"])
    for _ in range(count):
        app = str(uuid.uuid4())
        record = {"app": app, "name": f"app-{app[:8]}", "hosts": [f"app-{app[:8]}.localhost"], "state": "idle"}
        body = record | {"maintenance": False, "release": 12, "frozen": False}
        consul.put(f"/v1/kv/{route_key(app)}", content=json.dumps(body)).raise_for_status()
    deadline = time.monotonic() + _PATIENCE_S
    while _health(settings)["apps"] != known + count:
        if time.monotonic() > deadline:
            raise SystemExit("The router did not hear of all apps.")
        time.sleep(0.1)
    # Each worker takes a table over with its next request; the last garbage goes a moment later.
    with httpx.Client(base_url=f"http://{settings.listen}", headers={"Connection": "close"}, timeout=30) as client:
        for _ in range(50):
            client.get("/", headers={"Host": "nobody.localhost"})
    time.sleep(_SETTLED_S)


def _health(settings: RouterSettings) -> dict[str, int]:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(settings.socket)), timeout=20) as client:
        found: dict[str, int] = client.get("http://edge/health").json()
    return found


def _kilobytes(pids: list[int]) -> float:
    """Resident, a page that several share counted once (PSS)."""
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / 1024


@contextmanager
def _parts() -> Iterator[tuple[RouterSettings, httpx.Client, Callable[[], list[int]]]]:
    """A Consul, an nginx and a consul-template of our own; who they are."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="bench-sleepers-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        port, *consul_ports = router.free_ports(4)
        router.own(folder)
        consul = stack.enter_context(_consul(folder, consul_ports))
        address = f"http://127.0.0.1:{consul_ports[0]}"
        # Without Vault there are no certificates, which apps that sleep have no more of than others.
        env = {"CONSUL_HTTP_ADDR": address, "VAULT_ADDR": ""}
        env |= {"NOMAPAAS_HOME": str(folder), "NOMAPAAS_PORT_BASE": str(port)}
        settings = replace(from_env(env), workers=2)
        settings.state_dir.mkdir()
        settings.log_socket.parent.mkdir()
        router.own(settings.state_dir)
        render(settings)
        stack.enter_context(router.log_sink(settings))
        nginx = stack.enter_context(router.running([str(settings.etc_dir / "start-nginx")], port))
        program = str(_program("consul-template"))
        feeder = stack.enter_context(
            router.running(
                [str(settings.etc_dir / "start-consul-template")],
                port,
                env={"NOMAPAAS_CONSUL_TEMPLATE": program},
                end=signal.SIGINT,  # it heeds no other
            )
        )
        yield (
            settings,
            consul,
            lambda: [nginx.pid, feeder.pid, *(child.pid for child in psutil.Process(nginx.pid).children())],
        )


@contextmanager
def _consul(folder: Path, ports: list[int]) -> Iterator[httpx.Client]:
    """A server without ACLs, which holds nothing but records."""
    http, serf, rpc = ports
    others = dict.fromkeys(("grpc", "grpc_tls", "dns", "serf_wan"), -1)
    config = {
        "server": True,
        "bootstrap_expect": 1,
        "data_dir": str(folder / "consul"),
        "bind_addr": "127.0.0.1",
        "performance": {"raft_multiplier": 1},
        "log_level": "error",
        "ports": {"http": http, "serf_lan": serf, "server": rpc} | others,
    }
    (folder / "consul.json").write_text(json.dumps(config))
    command = [str(_program("consul")), "agent", f"-config-file={folder / 'consul.json'}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{http}", timeout=20) as client:
                _wait_for_leader(client, process)
                yield client
        finally:
            process.terminate()


def _wait_for_leader(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.put("/v1/kv/bench", content="x").is_success:
                client.delete("/v1/kv/bench").raise_for_status()
                return
        except httpx.TransportError:
            pass
        threading.Event().wait(0.1)
    raise SystemExit("Consul does not start.")


def _program(name: str) -> Path:
    found = sorted(SERVERS.glob(f"{name}/*/{name}"))
    if not found:
        raise SystemExit(f"{name} is not below {SERVERS}; `nomapaas up` puts it there.")
    return found[-1]
