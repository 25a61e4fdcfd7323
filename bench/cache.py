"""The HTTP cache: misses and hits through edge and Varnish, against a bare nginx before a bare Varnish.

Both sides have kept-alive connections, the same number of nginx workers and the same dynos behind them, and write a
line a request. The bare Varnish is as Debian starts it, with a VCL that names the dynos; requests for misses are each
for another URL that may be kept. The third figure is a hit against the same page from a Python view that takes 5 ms.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.measure import Row, ratio
from bench.router import HEAD, _nginx, _rate, free_ports, log_sink, own, running
from cli.platform import packages
from router.render import push_command, render
from router.settings import RouterSettings, from_env

ROUNDS = 9
SECONDS = 2
CONNECTIONS = 32
APPS = 1000
HOST = "app-500.localhost"
LIMIT_MISS, LIMIT_HIT, LIMIT_VIEW = 0.85, 0.85, 20

DYNOS = (
    HEAD
    + """
    access_log off;
    server {{
        listen 127.0.0.1:{one}; listen 127.0.0.1:{two}; default_type text/plain;
        add_header Cache-Control "public, max-age=3600";
        return 200 "{body}";
    }}
}}
"""
)
BARE = (
    HEAD
    + """
    access_log {folder}/access.log;
    upstream varnish {{ server 127.0.0.1:{varnish}; keepalive 512; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{listen};
        location / {{
            proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
            proxy_pass http://varnish;
        }}
    }}
}}
"""
)
VCL = """
vcl 4.1;
import directors;
backend one {{ .host = "127.0.0.1"; .port = "{one}"; }}
backend two {{ .host = "127.0.0.1"; .port = "{two}"; }}
sub vcl_init {{ new dynos = directors.round_robin(); dynos.add_backend(one); dynos.add_backend(two); }}
sub vcl_recv {{ set req.backend_hint = dynos.backend(); }}
"""
VIEW = """
import socketserver, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class View(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        end = time.thread_time() + 0.005
        while time.thread_time() < end: pass
        body = b"x" * 1024
        self.send_response(200)
        self.send_header("Cache-Control", "public, max-age=3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    def handle_error(self, *args): pass
Server(("127.0.0.1", int(sys.argv[1])), View).serve_forever()
"""
NEW_URLS = """
local count, seed = 0, tostring({}):sub(8)
request = function()
    count = count + 1
    return wrk.format("GET", "/" .. seed .. "/" .. count)
end
"""


def measure(say: Callable[[str], None]) -> list[Row]:
    """Start everything anew and load both sides in turn."""
    packages.ensure(["wrk", "varnish"])
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="bench-cache-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        one, two, bare, varnish, ours, view = free_ports(6)
        own(folder)
        script = folder / "new-urls.lua"
        script.write_text(NEW_URLS)
        ports = {"one": one, "two": two}
        stack.enter_context(_nginx(folder, "dynos", DYNOS, port=one, workers=1, body="x" * 1024, **ports))
        stack.enter_context(_varnish(folder, varnish, ports))
        stack.enter_context(_nginx(folder, "bare", BARE, port=bare, workers=2, listen=bare, varnish=varnish))
        stack.enter_context(running(["/usr/bin/python3", "-c", VIEW, str(view)], view))
        stack.enter_context(_cached_router(folder, ours, {HOST: (one, two), "view.localhost": (view,)}))
        return [
            _against_bare("cache_miss", ours, bare, limit=LIMIT_MISS, say=say, script=script),
            _against_bare("cache_hit", ours, bare, limit=LIMIT_HIT, say=say),
            _against_view(ours, view, say=say),
        ]


def _against_bare(
    name: str, ours: int, bare: int, *, limit: float, say: Callable[[str], None], script: Path | None = None
) -> Row:
    values, baselines = [], []
    for port in (bare, ours):
        _load(port, 1, script=script)
    for number in range(ROUNDS):
        baselines.append(_load(bare, SECONDS, script=script))
        values.append(_load(ours, SECONDS, script=script))
        say(f"  {name} {number + 1}/{ROUNDS}: ours {values[-1]:.0f}/s, bare pair {baselines[-1]:.0f}/s")
    return ratio(name, values, baselines, unit="requests/s", limit=limit, at_least=True)


def _against_view(ours: int, view: int, *, say: Callable[[str], None]) -> Row:
    values, baselines = [], []
    _load(ours, 1, host="view.localhost")
    for number in range(ROUNDS):
        baselines.append(_load(view, SECONDS))
        values.append(_load(ours, SECONDS, host="view.localhost"))
        say(f"  cache_view {number + 1}/{ROUNDS}: hit {values[-1]:.0f}/s, view {baselines[-1]:.0f}/s")
    return ratio("cache_view", values, baselines, unit="requests/s", limit=LIMIT_VIEW, at_least=True)


def _load(port: int, seconds: int, *, script: Path | None = None, host: str = HOST) -> float:
    # The view makes its answers one after another: on a busy machine the last of them waits long.
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "20s", "-H", f"Host: {host}"]
    command += ["-s", str(script)] if script else []
    return _rate([*command, f"http://127.0.0.1:{port}/"])


@contextmanager
def _varnish(folder: Path, port: int, dynos: dict[str, int]) -> Iterator[None]:
    """As Debian's service has it, but for the port."""
    vcl = folder / "bare.vcl"
    vcl.write_text(VCL.format(**dynos))
    where = ["-n", str(folder / "bare-varnish"), "-j", "none", "-T", "none", "-a", f"127.0.0.1:{port}"]
    with running(["/usr/sbin/varnishd", "-F", *where, "-f", str(vcl), "-s", "malloc,256m"], port):
        yield


@contextmanager
def _cached_router(folder: Path, port: int, apps: dict[str, tuple[int, ...]]) -> Iterator[None]:
    settings = from_env({"NOMAPAAS_HOME": str(folder), "NOMAPAAS_PORT_BASE": str(port), "NOMAPAAS_ROUTER_WORKERS": "2"})
    for path in (settings.state_dir, settings.cache_dir, settings.mesh_socket.parent):
        path.mkdir()
        own(path)
    settings.log_socket.parent.mkdir()
    render(settings)
    with ExitStack() as stack:
        stack.enter_context(log_sink(settings))
        stack.enter_context(running([str(settings.etc_dir / "start-nginx")], port))
        stack.enter_context(running([str(settings.etc_dir / "cache" / "start-varnish")], port))
        _wait_for_socket(settings.cache_socket)
        _push(settings, apps)
        yield


def _wait_for_socket(path: Path) -> None:
    for _ in range(200):
        if path.exists():
            return
        threading.Event().wait(0.05)
    raise SystemExit(f"Nothing listens on {path}.")


def _push(settings: RouterSettings, apps: dict[str, tuple[int, ...]]) -> None:
    """A table of a thousand apps, those among them that are measured with their caches on."""
    records, dynos = [], []
    others = (f"app-{number}.other" for number in range(APPS - len(apps)))
    for host, ports in {**apps, **dict.fromkeys(others, ())}.items():
        app = str(uuid.uuid4())
        record = {"app": app, "name": "app", "hosts": [host], "state": "up", "maintenance": False, "release": 1}
        records.append(json.dumps(record | ({"cache": "1-0"} if ports else {})))
        for index, port in enumerate(ports, 1):
            dyno = {"app": app, "addr": "127.0.0.1", "port": port, "dyno": f"web.{index}", "release": "1"}
            dynos.append(dyno | {"stage": "live", "alloc": str(uuid.uuid4()), "passing": True})
    settings.rendered.write_text(json.dumps({"apps": records, "dynos": dynos}))
    subprocess.run(push_command(settings), check=True)
