"""A web app that says what it sees from inside of its dyno."""

import ctypes
import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


def index(_: dict) -> object:
    return {"version": Path("version.txt").read_text().strip(), "dyno": os.environ["DYNO"], "pid": os.getpid()}


def env(query: dict) -> object:
    return os.environ.get(query["name"])


def environment(_: dict) -> object:
    return dict(os.environ)


def status(_: dict) -> object:
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return {**fields, "processes": sorted(int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())}


def connect(query: dict) -> object:
    try:
        with socket.create_connection((query["host"], int(query["port"])), timeout=1):
            return "open"
    except ConnectionRefusedError:
        return "refused"
    except OSError as exc:
        return f"closed: {exc}"


def address(_: dict) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("203.0.113.1", 9))
        return probe.getsockname()[0]


def write(query: dict) -> object:
    try:
        Path(query["path"]).write_text("x")
    except OSError as exc:
        return exc.strerror
    return "written"


def read(query: dict) -> object:
    try:
        return Path(query["path"]).read_text(errors="replace")[:100_000]
    except OSError as exc:
        return {"error": exc.strerror}


def say(query: dict) -> object:
    print(query["text"], flush=True)
    return "said"


def leave(query: dict) -> object:
    threading.Timer(0.05, os._exit, [int(query.get("code", 3))]).start()
    return "leaving"


def fork(query: dict) -> object:
    made = []
    try:
        for _ in range(int(query["count"])):
            pid = os.fork()
            if pid == 0:
                signal.pause()
                os._exit(0)
            made.append(pid)
    except OSError as exc:
        return {"made": len(made), "error": exc.strerror}
    finally:
        for pid in made:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return {"made": len(made)}


def unshare(_: dict) -> object:
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.unshare(0x10000000)
    return "allowed" if done == 0 else os.strerror(ctypes.get_errno())


ROUTES = {
    f"/{view.__name__}": view
    for view in (env, environment, status, connect, address, write, read, say, leave, fork, unshare)
} | {"/": index}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        view = ROUTES.get(url.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = json.dumps(view(query) if view else None).encode()
        self.send_response(200 if view else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests read what `say` says."""


def main() -> None:
    server = ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print("probe listens", flush=True)
    server.serve_forever()
    server.server_close()
    sys.exit(0)


main()
