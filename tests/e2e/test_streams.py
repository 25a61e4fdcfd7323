"""What lasts goes through: streamed answers, WebSockets, and the log while it is written."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.platform

CLI = str(Path(sys.executable).with_name("nomapaas"))


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """An app that streams and echoes."""
    paas.run("create", "streams")
    paas.run("push", "--app", "streams", "--dir", str(Path(__file__).parent / "apps" / "stream"))
    yield "streams"
    paas.run("destroy", "--app", "streams", "--confirm", "streams")


def _frame(words: bytes) -> bytes:
    """A client's text frame; the mask is zero, so that the words stay as they are."""
    return bytes([0x81, 0x80 | len(words)]) + b"\0\0\0\0" + words


@contextmanager
def _websocket(paas: Any, app: str) -> Iterator[socket.socket]:
    where = urlsplit(paas.instance.env["NOMAPAAS_ROUTER_URL"])
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(
            f"GET /chat HTTP/1.1\r\nHost: {app}.localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # the answer to RFC 6455's own sample key
        yield connection


def test_a_streamed_answer_comes_as_it_is_sent(paas: Any, app: str) -> None:
    """Each line arrives when the app sends it, half a second apart, and not all at the end."""
    with paas.router.stream("GET", "/", headers={"Host": f"{app}.localhost"}) as answer:
        times = [time.monotonic() for _ in answer.iter_lines()]

    assert len(times) == 4
    assert min(late - early for early, late in pairwise(times)) > 0.25


def test_a_websocket(paas: Any, app: str) -> None:
    """Both directions, more than once; its router line says 101."""
    with _websocket(paas, app) as connection:
        for words in (b"hello", b"again"):
            connection.sendall(_frame(words))
            assert connection.recv(100) == bytes([0x81, len(words)]) + words

    paas.eventually(lambda: 'path="/chat"' in (lines := paas.run("logs", "--app", app)) and "status=101" in lines)


def test_logs_tail_is_live_and_ends_on_interrupt(paas: Any, app: str) -> None:
    """A line of a dyno is shown while it is written; ^C ends with 130 and no traceback."""
    tail = subprocess.Popen(
        [CLI, "logs", "--tail", "--dyno", "web.1", "--app", app],
        env=paas.instance.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them ignore ^C, and so would this child.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - there are no threads here
    )
    assert tail.stdout is not None
    tail.stdout.readline()
    with _websocket(paas, app) as connection:
        connection.sendall(_frame(b"tailed"))
        sent = time.monotonic()
        while "heard tailed" not in tail.stdout.readline():
            pass
    assert time.monotonic() - sent < 5
    tail.send_signal(signal.SIGINT)
    _, error = tail.communicate(timeout=20)

    assert tail.returncode == 130
    assert "Traceback" not in error


def test_a_reader_that_goes_away_is_no_error(paas: Any, app: str) -> None:
    """As with `| head -1`: exit code 0, not a word on stderr."""
    tail = subprocess.Popen(
        [CLI, "logs", "--tail", "--app", app], env=paas.instance.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert tail.stdout is not None
    tail.stdout.readline()
    tail.stdout.close()
    paas.eventually(lambda: paas.get(app).status_code == 200 and tail.poll() is not None)
    assert tail.stderr is not None
    with tail.stderr:
        assert (tail.returncode, tail.stderr.read()) == (0, b"")
