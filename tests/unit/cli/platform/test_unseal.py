"""The unsealer against a Vault that is played by a small HTTP server."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.platform.unseal import Unsealer


class PlayedVault(BaseHTTPRequestHandler):
    """Sealed until it gets the key."""

    sealed = True
    initialized = True
    asked: list[Any] = []  # noqa: RUF012 - set anew for each test

    def do_GET(self) -> None:
        self._answer({"sealed": self.sealed, "initialized": self.initialized})

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body))
        type(self).sealed = body != {"key": "the-key"}
        self._answer({"sealed": self.sealed})

    def _answer(self, value: dict[str, Any]) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def vault() -> Iterator[str]:
    """The played Vault's URL."""
    PlayedVault.sealed, PlayedVault.initialized, PlayedVault.asked = True, True, []
    with ThreadingHTTPServer(("127.0.0.1", 0), PlayedVault) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def unsealer(vault: str, tmp_path: Path) -> Unsealer:
    (tmp_path / "key").write_text("the-key\n")
    (tmp_path / "pid").write_text(str(os.getpid()))
    return Unsealer(url=vault, key_file=tmp_path / "key", audit_log=tmp_path / "audit.log", pid_file=tmp_path / "pid")


def test_a_sealed_vault_is_opened_once(unsealer: Unsealer) -> None:
    """And left alone while it is open."""
    assert unsealer.unseal()
    assert not unsealer.unseal()
    assert PlayedVault.asked == [("/v1/sys/unseal", {"key": "the-key"})]


def test_an_empty_vault_is_left_to_up(unsealer: Unsealer) -> None:
    """There is nothing to open before it is initialised."""
    PlayedVault.initialized = False

    assert not unsealer.unseal()
    assert PlayedVault.asked == []


def test_no_key_means_no_request(unsealer: Unsealer, tmp_path: Path) -> None:
    """The error is told and tried again; nothing is sent."""
    (tmp_path / "key").unlink()

    with pytest.raises(FileNotFoundError):
        unsealer.unseal()
    assert PlayedVault.asked == []


def test_the_audit_log_is_kept_bounded(unsealer: Unsealer, tmp_path: Path) -> None:
    """Moved aside when it is too large, Vault told by SIGHUP, the oldest one dropped."""
    told: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: told.append(number))
    try:
        for content in ("first", "second", "third"):
            (tmp_path / "audit.log").write_text(content * 10)
            assert unsealer.rotate(limit=20, keep=2)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert len(told) == 3
    assert sorted(path.name for path in tmp_path.glob("audit.log*")) == ["audit.log.1", "audit.log.2"]
    assert (tmp_path / "audit.log.1").read_text().startswith("third")
    assert (tmp_path / "audit.log.2").read_text().startswith("second")


def test_a_small_audit_log_is_left_alone(unsealer: Unsealer, tmp_path: Path) -> None:
    """So is none at all."""
    assert not unsealer.rotate()
    (tmp_path / "audit.log").write_text("x")
    assert not unsealer.rotate()
