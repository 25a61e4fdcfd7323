"""Tarballs, builds without a sandbox, and a web server for what they fetch."""

from __future__ import annotations

import http.server
import io
import os
import ssl
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from buildpacks.slugc.buildpack import OWN
from buildpacks.slugc.inputs import Inputs

Member = tarfile.TarInfo


@pytest.fixture
def write_tar(tmp_path: Path) -> Callable[..., Path]:
    """Writes a gzipped tarball: file contents by name, then members that need more than a content."""

    def write(files: Mapping[str, str], *members: Member) -> Path:
        path = tmp_path / "source.tgz"
        with tarfile.open(path, "w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name.removesuffix("!"))
                member.size, member.mode = len(text), 0o755 if name.endswith("!") else 0o644
                member.mtime = 1_000_000_000
                tar.addfile(member, io.BytesIO(text.encode()))
            for member in members:
                tar.addfile(member)
        return path

    return write


@pytest.fixture
def member() -> Callable[..., Member]:
    """A member of another kind than a file."""

    def make(name: str, kind: bytes, **fields: Any) -> Member:
        made = tarfile.TarInfo(name)
        made.type = kind
        for field, value in fields.items():
            setattr(made, field, value)
        return made

    return make


@pytest.fixture
def inputs(tmp_path: Path, write_tar: Callable[..., Path]) -> Callable[..., Inputs]:
    """Inputs of a build of some files in folders of its own."""
    for name in ("scratch", "own"):
        (tmp_path / name).mkdir(exist_ok=True)

    def make(files: Mapping[str, str], **changed: Any) -> Inputs:
        made = Inputs(
            source=write_tar(files),
            cache=tmp_path / "cache.tar",
            out=tmp_path / "out",
            scratch=tmp_path / "scratch",
            app=tmp_path / "app",
            own_buildpacks=tmp_path / "own",
            timeout_s=30,
        )
        return replace(made, **changed)

    return make


@pytest.fixture
def own_buildpack(tmp_path: Path) -> Callable[..., None]:
    """Writes one of our own buildpacks, of three one-line programs; the others are there and fit nothing."""

    def write(name: str, *, detect: str, compile_: str = "true", release: str = "true", export: str = "") -> None:
        programs = tmp_path / "own" / name / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        for program, body in (("detect", detect), ("compile", compile_), ("release", release)):
            path = programs / program
            path.write_text(f"#!/bin/bash\nset -e\n{body}\n")
            path.chmod(0o755)
        if export:
            (programs.parent / "export").write_text(export)

    for name in OWN:
        write(name, detect="exit 1")
    return write


@pytest.fixture(scope="session")
def shared_web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The server, started once."""
    served = Web(tmp_path_factory.mktemp("web"))
    yield served
    served.close()


@pytest.fixture
def web(shared_web: Web, monkeypatch: pytest.MonkeyPatch) -> Web:
    """The server, whose certificate this test trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(shared_web.certificate))
    shared_web.redirects.clear()
    shared_web.asked.clear()
    return shared_web


_AUTHOR = {f"GIT_{role}_{field}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}


class Web:
    """A web server over https: files and git repositories of `folder`; `redirects` maps a path's start to another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "www"
        self.folder.mkdir()
        self.certificate = folder / "server.pem"
        self.redirects: dict[str, str] = {}
        self.asked: list[str] = []
        _make_certificate(self.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def repository(self, name: str, files: dict[str, str], *, submodules: dict[str, str] | None = None) -> str:
        """A git repository with one commit of these files (`!` marks programs) on its default branch; its URL."""
        work = self.folder.parent / f"work-{name}"
        work.mkdir()
        _git(work, "init", "--quiet", "--initial-branch=trunk")
        for path, text in files.items():
            file = work / path.removesuffix("!")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o755 if path.endswith("!") else 0o644)
        for path, url in (submodules or {}).items():
            _git(work, "clone", "--quiet", str(self.folder / Path(urlsplit(url).path).name), path)
            _git(work, "config", "--file", ".gitmodules", f"submodule.{path}.path", path)
            _git(work, "config", "--file", ".gitmodules", f"submodule.{path}.url", url)
        _git(work, "add", "--all")
        _git(work, "commit", "--quiet", "--message=first")
        _git(self.folder, "clone", "--quiet", "--bare", str(work), f"{name}.git")
        return f"{self.url}/{name}.git"

    def commit(self, name: str, path: str, text: str, *, branch: str) -> str:
        """One more commit, on a branch of its own; the commit's name."""
        work = self.folder.parent / f"work-{name}"
        _git(work, "checkout", "--quiet", "-b", branch)
        (work / path).write_text(text)
        _git(work, "commit", "--quiet", "--all", "--message=more")
        _git(work, "push", "--quiet", str(self.folder / f"{name}.git"), branch)
        return _git(work, "rev-parse", "HEAD").strip()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.asked.append(self.path)
                path, _, query = self.path.partition("?")
                old = next((start for start in web.redirects if path.startswith(start)), None)
                if old is not None:
                    self.send_response(302)
                    self.send_header("Location", web.redirects[old] + self.path.removeprefix(old))
                    self._send(b"")
                elif ".git/" in path:
                    self._run_git(path, query)
                elif (file := web.folder / path.lstrip("/")).is_file():
                    self.send_response(200)
                    self._send(file.read_bytes())
                else:
                    self.send_error(404)

            do_POST = do_GET  # noqa: N815 - the names are those of Python's server

            def _run_git(self, path: str, query: str) -> None:
                environment = os.environ | {
                    "GIT_PROJECT_ROOT": str(web.folder),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "REQUEST_METHOD": self.command,
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                }
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = subprocess.run(
                    ["git", "http-backend"], input=sent, env=environment, capture_output=True, check=True
                )
                head, _, body = answer.stdout.partition(b"\r\n\r\n")
                headers = [line.partition(": ")[::2] for line in head.decode().split("\r\n")]
                status = next((value.split()[0] for name, value in headers if name == "Status"), "200")
                self.send_response(int(status))
                for name, value in headers:
                    self.send_header(name, value)
                self._send(body)

            def _send(self, body: bytes) -> None:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | _AUTHOR, check=True, capture_output=True, text=True
    )
    return done.stdout


def _make_certificate(path: Path) -> None:
    """A certificate of `localhost` that is its own authority, and its key."""
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run(["openssl", *words.split(), *names], check=True, capture_output=True)
    with path.open("a") as file:
        file.write(path.with_suffix(".crt").read_text())
