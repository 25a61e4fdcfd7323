"""A web app that says how soon its first request came, and how late its last; fast, slow or bit by bit."""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SLOW_S = 5.0
PIECES = 10

VERSION = Path(__file__).with_name("version.txt").read_text().encode()

seen = {"first": 0.0, "last": 0.0, "told": 0.0}


def tell(event: str, at: float, since: float) -> None:
    """A line for whoever reads the log; both are seconds since 1970."""
    sys.stdout.write(json.dumps({"event": event, "at": at, "since": since}) + "\n")


class Witness(BaseHTTPRequestHandler):
    """Answers every GET; `/slow` after a while, `/stream` in pieces over the same time."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        seen["last"] = time.time()
        if not seen["first"]:
            seen["first"] = seen["last"]
            tell("first", seen["first"], LISTENS)
        if self.path == "/stream":
            self._stream()
            return
        if self.path == "/slow":
            time.sleep(SLOW_S)
        self.send_response(200)
        self.send_header("Content-Length", str(len(VERSION)))
        self.end_headers()
        self.wfile.write(VERSION)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(PIECES):
            self.wfile.write(b"6\r\npiece\n\r\n")
            time.sleep(SLOW_S / PIECES)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Ends when the last request has been answered."""

    daemon_threads = False
    request_queue_size = 1024


def end(*_: object) -> None:
    """SIGTERM: answer what comes in the next moment, too, and say when the last request came."""
    seen["told"] = time.time()
    threading.Timer(3, server.shutdown).start()


server = Server(("", int(os.environ["PORT"])), Witness)
LISTENS = time.time()
signal.signal(signal.SIGTERM, end)
server.serve_forever()
tell("last", seen["last"], seen["told"])
server.server_close()
