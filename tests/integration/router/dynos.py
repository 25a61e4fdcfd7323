"""Small servers that play dynos."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Dyno:
    """A server on a free port; without a handler nothing listens there."""

    def __init__(self, name: str, handle: Callable[[socket.socket], object] | None) -> None:
        self.name = name
        self.seen = 0
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._handle = handle
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._idle: list[socket.socket] = []
        if handle:
            self.listen(handle)

    def listen(self, handle: Callable[[socket.socket], object]) -> None:
        """From now on there is somebody on the port."""
        self._handle = handle
        self._listener.listen()
        self._spawn(self._serve)

    def fill_up(self) -> None:
        """Let nobody else get a connection, and nobody an answer."""
        self._listener.listen(0)
        for _ in range(2):
            self._idle.append(socket.socket())
            self._idle[-1].setblocking(False)
            self._idle[-1].connect_ex(("127.0.0.1", self.port))

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        self._threads.append(threading.Thread(target=target, args=args))
        self._threads[-1].start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closed:
                connection.close()
                return
            self.seen += 1
            self._spawn(self._one, connection)

    def _one(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        try:
            with connection:
                self._handle(connection)
        except OSError:
            pass

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self._handle:
                socket.create_connection(("127.0.0.1", self.port)).close()
            for thread in self._threads:
                thread.join()
            for connection in self._idle:
                connection.close()
            self._listener.close()


class Echo(BaseHTTPRequestHandler):
    """Answers with what was asked, as JSON."""

    protocol_version = "HTTP/1.1"
    timeout = 10
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = {
            "dyno": self.server.dyno_name,
            "method": self.command,
            "path": self.path,
            "headers": self.headers.items(),
            "body": body.decode("latin-1"),
        }
        text = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else text)
        self.server.served += 1

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *args: object) -> None:
        pass


class EchoServer(ThreadingHTTPServer):
    """Takes many connections at once, as web servers do."""

    request_queue_size = 128
    daemon_threads = True


class EchoDyno:
    """An ordinary web process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._server = EchoServer(("127.0.0.1", 0), Echo)
        self._server.dyno_name = name
        self._server.served = 0
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def served(self) -> int:
        return self._server.served

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class DynoMaker:
    """Starts dynos and stops them all."""

    def __init__(self) -> None:
        self._started: list[Dyno | EchoDyno] = []

    def echo(self, name: str = "web.1") -> EchoDyno:
        """One that answers with what it was asked."""
        self._started.append(EchoDyno(name))
        return self._started[-1]

    def scripted(self, handle: Callable[[socket.socket], None], name: str = "web.1") -> Dyno:
        """One that handles each connection in a way of its own."""
        self._started.append(Dyno(name, handle))
        return self._started[-1]

    def refusing(self, name: str = "web.1") -> Dyno:
        """One whose port accepts no connection."""
        self._started.append(Dyno(name, None))
        return self._started[-1]

    def full(self, name: str = "web.1") -> Dyno:
        """One that takes no further connection: its queue is full."""
        dyno = self.refusing(name)
        dyno.fill_up()
        return dyno

    def close(self) -> None:
        for dyno in self._started:
            dyno.close()
