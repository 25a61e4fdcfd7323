"""A small server that plays the control API, of which the router knows one call."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, object]]
STARTING: Answer = (202, {"state": "starting"})
UP: Answer = (202, {"state": "up"})


class ControlApi:
    """Answers each wake as `answer` says; `calls` are (path, Authorization) in the order in which they came."""

    def __init__(self, port: int = 0) -> None:
        self.calls: list[tuple[str, str]] = []
        self.answer: Callable[[str], Answer] = lambda _: STARTING
        self.port = port
        self.start()

    def start(self) -> None:
        """Listen, at first or again."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _Handler)
        self._server.daemon_threads = True
        self._server.api = self  # type: ignore[attr-defined]
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def woken(self, app_id: str) -> int:
        """How often the app was to be woken."""
        return sum(path == f"/edge/apps/{app_id}/actions/wake" for path, _ in list(self.calls))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self) -> None:
        api: ControlApi = self.server.api  # type: ignore[attr-defined]
        api.calls.append((self.path, self.headers.get("Authorization", "")))
        status, document = api.answer(self.path.split("/")[3])
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        pass
