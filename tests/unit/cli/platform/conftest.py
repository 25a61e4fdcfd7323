"""A folder of releases on a local HTTP server, and programs that only pretend."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.platform.instance import Instance
from cli.platform.servers import SERVERS, Server

PROGRAM = b"#!/bin/sh\necho Consul v1.22.6\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """URL and folder of a release server."""
    folder = tmp_path / "releases"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


@pytest.fixture
def consul() -> Server:
    """The server that these tests fetch."""
    return next(server for server in SERVERS if server.name == "consul")


@pytest.fixture
def publish(releases: tuple[str, Path], consul: Server) -> Callable[..., bytes]:
    """Put a release of Consul on the server; what its program is."""

    def put(*, sums: str | None = None, names: tuple[str, ...] = ("consul", "LICENSE.txt")) -> bytes:
        place = releases[1] / "consul" / consul.version
        place.mkdir(parents=True)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in names:
                archive.writestr(name, PROGRAM)
        file = f"consul_{consul.version}_linux_amd64.zip"
        (place / file).write_bytes(packed.getvalue())
        right = hashlib.sha256(packed.getvalue()).hexdigest()
        listed = f"{sums}  {file}\n" if sums else f"{'0' * 64}  other.zip\n{right}  {file}\n"
        (place / f"consul_{consul.version}_SHA256SUMS").write_text(listed)
        return PROGRAM

    return put


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """An instance whose folders are in the test's own."""
    return Instance.from_env({"NOMAPAAS_HOME": str(tmp_path / "h"), "NOMAPAAS_CACHE": str(tmp_path / "cache")})


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """Make an executable shell script in a folder `bin`; its path."""

    def make(name: str, body: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return make
