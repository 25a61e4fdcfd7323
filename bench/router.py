"""Requests a second through the router against a bare nginx proxy, in turn, with 1,000 apps in the table.

Both have kept-alive connections to the same dynos, the same number of workers, and write a line a request: the bare one
into a file, the router to the node agent's socket. Then the time that the router adds to a request at half of what it
can do, against the same requests sent to a dyno itself.
"""

from __future__ import annotations

import itertools
import json
import os
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.measure import Row, at_most, ratio
from cli.platform import packages
from router.render import push_command, render
from router.settings import RouterSettings, from_env

ROUNDS = 15
SECONDS = 2
CONNECTIONS = 32
APPS = 1000
LIMIT = 0.80
ADDED_MS = {50: 0.5, 99: 2}
HOST = "app-500.localhost"
USER = "nobody"

HEAD = """
daemon off; worker_processes {workers}; pid {folder}/{name}.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
    fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u; scgi_temp_path {folder}/{name}-s;
    keepalive_requests 1000000;
"""
DYNOS = (
    HEAD
    + """
    access_log off;
    server {{
        listen 127.0.0.1:{one}; listen 127.0.0.1:{two}; default_type text/plain; return 200 "{body}";
    }}
}}
"""
)
BARE = (
    HEAD
    + """
    access_log {folder}/access.log;
    upstream dynos {{ server 127.0.0.1:{one}; server 127.0.0.1:{two}; keepalive 512; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{listen};
        location / {{
            proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
            proxy_pass http://dynos;
        }}
    }}
}}
"""
)


PACED = """
function delay() return math.floor({pause} * -math.log(1 - math.random()) + 0.5) end
"""
"""For wrk: pauses of each connection in ms, at random, as of users who know nothing of each other. With equal ones
all connections soon ask in step, and what is measured is the queue that they make."""


def measure(say: Callable[[str], None]) -> list[Row]:
    """Start dynos, a bare proxy and a router of their own; load them in turn."""
    packages.ensure(["wrk"])
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="bench-router-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        one, two, bare, ours = free_ports(4)
        ports = {"one": one, "two": two}
        own(folder)
        stack.enter_context(_nginx(folder, "dynos", DYNOS, port=one, workers=1, body="x" * 1024, **ports))
        stack.enter_context(_nginx(folder, "bare", BARE, port=bare, workers=2, listen=bare, **ports))
        stack.enter_context(_router(folder, ours, (one, two)))
        for port in (bare, ours):
            _load(port, 1)
        values: list[float] = []
        baselines: list[float] = []
        for number in range(ROUNDS):
            baselines.append(_load(bare, SECONDS))
            values.append(_load(ours, SECONDS))
            say(f"  {number + 1}/{ROUNDS}: router {values[-1]:.0f}/s, bare proxy {baselines[-1]:.0f}/s")
        row = ratio("router", values, baselines, unit="requests/s", limit=LIMIT, at_least=True)
        return [row, *_added(folder, statistics.median(values) / 2, direct=one, bare=bare, ours=ours, say=say)]


def _added(folder: Path, rate: float, *, direct: int, bare: int, ours: int, say: Callable[[str], None]) -> list[Row]:
    """What the router adds to the time of a request when this many come a second; the bare proxy's share is told."""
    script = folder / "paced.lua"
    script.write_text(PACED.format(pause=CONNECTIONS / rate * 1000))
    added: dict[int, list[float]] = {share: [] for share in ADDED_MS}
    by_bare: dict[int, list[float]] = {share: [] for share in ADDED_MS}
    for number in range(ROUNDS):
        without, plain, through = (_times(port, script) for port in (direct, bare, ours))
        for share, found in added.items():
            found.append(through[share] - without[share])
            by_bare[share].append(plain[share] - without[share])
        told = ", ".join(f"p{share} {through[share]:.2f} - {without[share]:.2f} ms" for share in added)
        say(f"  {number + 1}/{ROUNDS} at half load: {told}")
    told = ", ".join(f"p{share} {statistics.median(found):.2f} ms" for share, found in by_bare.items())
    say(f"  the bare proxy adds {told}")
    return [
        at_most(f"router_added_p{share}", found, unit="ms", limit=ADDED_MS[share]) for share, found in added.items()
    ]


def _times(port: int, script: Path) -> dict[int, float]:
    """Milliseconds that shares of the requests took, in per cent."""
    where = f"http://127.0.0.1:{port}/"
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", str(script), "-H", f"Host: {HOST}"]
    printed = subprocess.run(["wrk", *options, where], check=True, capture_output=True, text=True).stdout
    units = {"us": 0.001, "ms": 1, "s": 1000}
    found = re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s)$", printed, re.MULTILINE)
    return {int(share): float(time) * units[unit] for share, time, unit in found}


def _load(port: int, seconds: int) -> float:
    where = f"http://127.0.0.1:{port}/"
    return _rate(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Host: {HOST}", where])


def _rate(command: list[str]) -> float:
    """Requests a second, as wrk says."""
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(f"Requests failed under load:\n{printed}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found, printed  # noqa: S101 - wrk always says it
    return float(found[1])


def free_ports(count: int) -> list[int]:
    """Numbers of ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def own(folder: Path) -> None:
    """Nothing here runs as root; its folder has to be its own."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(USER)
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o755)


@contextmanager
def running(
    command: list[str], port: int, *, env: Mapping[str, str] | None = None, end: signal.Signals = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program as the router's user; something has to listen on the port before the program counts as there."""
    user = USER if os.geteuid() == 0 else None
    more = os.environ | dict(env or {})
    with subprocess.Popen(command, user=user, extra_groups=[] if user else None, env=more) as process:
        try:
            _wait_for(port, process)
            yield process
        finally:
            process.send_signal(end)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return
    raise SystemExit(f"Nothing listens on port {port}.")


@contextmanager
def _nginx(folder: Path, name: str, text: str, *, port: int, **values: object) -> Iterator[None]:
    conf = folder / f"{name}.conf"
    conf.write_text(text.format(folder=folder, name=name, **values))
    command = ["/usr/sbin/nginx", "-p", str(folder), "-c", str(conf), "-e", "stderr"]
    with running(command, port):
        yield


@contextmanager
def _router(folder: Path, port: int, dynos: tuple[int, int]) -> Iterator[None]:
    settings = from_env({"NOMAPAAS_HOME": str(folder), "NOMAPAAS_PORT_BASE": str(port), "NOMAPAAS_ROUTER_WORKERS": "2"})
    settings.state_dir.mkdir()
    settings.log_socket.parent.mkdir()
    own(settings.state_dir)
    render(settings)
    with log_sink(settings), running([str(settings.etc_dir / "start-nginx")], port):
        _push(settings, dynos)
        yield


@contextmanager
def log_sink(settings: RouterSettings) -> Iterator[None]:
    """Takes the request lines as the node agent does, in a process of its own."""
    taker = (
        "import socket,sys;s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);s.bind(sys.argv[1])\nwhile 1:s.recv(65536)"
    )
    with subprocess.Popen(["/usr/bin/python3", "-c", taker, str(settings.log_socket)]) as process:
        while not settings.log_socket.exists():
            threading.Event().wait(0.02)
        settings.log_socket.chmod(0o666)
        try:
            yield
        finally:
            process.kill()


def _push(settings: RouterSettings, dynos: tuple[int, int]) -> None:
    apps, listed = [], []
    for number in range(APPS):
        app = str(uuid.uuid4())
        record = {"app": app, "name": f"app-{number}", "hosts": [f"app-{number}.localhost"], "state": "up"}
        apps.append(json.dumps(record | {"maintenance": False, "release": 1}))
        for index, port in zip(itertools.count(1), dynos):
            address = "127.0.0.1" if number == 500 else f"10.200.{number // 250}.{number % 250 + 1}"
            dyno = {"app": app, "addr": address, "port": port, "dyno": f"web.{index}", "release": "1"}
            listed.append(dyno | {"stage": "live", "alloc": str(uuid.uuid4()), "passing": True})
    settings.rendered.write_text(json.dumps({"apps": apps, "dynos": listed}))
    subprocess.run(push_command(settings), check=True)
