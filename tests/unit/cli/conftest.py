"""A faked API host and a CLI to run against it, in this process."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.env import Environment
from cli.main import main

API = "http://127.0.0.1:8081"
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


class Stream(io.StringIO):
    """A text stream that may say that it is a terminal."""

    def __init__(self, text: str = "", *, tty: bool = False) -> None:
        super().__init__(text)
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


@dataclass
class Host:
    """Answers by method and path; several answers to one route come one after the other, the last for ever."""

    routes: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def on(self, method: str, path: str, body: Any = None, *, status: int = 200, **kwargs: Any) -> None:
        """Answer with JSON."""
        self.add(method, path, httpx.Response(status, json=body, **kwargs))

    def text(self, path: str, text: str, *, status: int = 200) -> None:
        """Answer with a stream of text."""
        self.add("GET", path, lambda _: httpx.Response(status, text=text))

    def add(self, method: str, path: str, answer: Answer) -> None:
        self.routes.setdefault((method, path), []).append(answer)

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answers = self.routes.get((request.method, request.url.path))
        if not answers:
            body = {"id": "not_found", "message": f"Couldn't find {request.method} {request.url.path}."}
            return httpx.Response(404, json=body)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer

    def bodies(self, method: str, path: str) -> list[Any]:
        """The JSON that was sent to a route."""
        sent = [r for r in self.requests if (r.method, r.url.path) == (method, path)]
        return [json.loads(request.content) for request in sent]

    def calls(self) -> list[str]:
        """What was asked for, in order."""
        return [f"{request.method} {request.url.path}" for request in self.requests]


@dataclass
class Result:
    """What one run left behind."""

    status: int
    out: str
    err: str


@dataclass
class CLI:
    """Runs command lines."""

    host: Host
    folder: Path
    variables: dict[str, str]
    pauses: list[float] = field(default_factory=list)
    clock: float = 0.0
    browser: list[str] = field(default_factory=list)
    has_browser: bool = True
    password: str = ""

    def __call__(self, *words: str, stdin: str = "", tty: bool = False) -> Result:
        out, err = Stream(tty=tty), Stream(tty=tty)
        env = Environment(
            stdin=Stream(stdin, tty=tty),
            stdout=out,
            stderr=err,
            variables=self.variables,
            cwd=self.folder,
            transport=httpx.MockTransport(self.host.handle),
            sleep=self._sleep,
            monotonic=lambda: self.clock,
            now=lambda: NOW,
            ask_hidden=lambda _: self.password,
            open_browser=self._open,
        )
        status = main(words, env)
        return Result(int(status), out.getvalue(), err.getvalue())

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock += seconds

    def _open(self, url: str) -> bool:
        self.browser.append(url)
        return self.has_browser


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def cli(host: Host, tmp_path: Path) -> CLI:
    folder = tmp_path / "source"
    folder.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    return CLI(
        host=host,
        folder=folder,
        variables={"HOME": str(home), "NOMAPAAS_API_KEY": "secret-token", "NOMAPAAS_APP": "hello"},
    )


APP = {
    "id": "a1",
    "name": "hello",
    "web_url": "http://hello.localhost:8080/",
    "git_url": "https://git.localhost/hello.git",
}
BUILD: dict[str, Any] = {
    "id": "b1",
    "status": "pending",
    "created_at": "2026-03-01T11:59:00Z",
    "output_stream_url": "http://127.0.0.1:8081/streams/b1",
    "release": None,
}
RELEASE: dict[str, Any] = {
    "id": "r3",
    "version": 3,
    "status": "succeeded",
    "created_at": "2026-03-01T11:59:30Z",
    "output_stream_url": None,
    "description": "Deploy",
}


@pytest.fixture
def source(cli: Any) -> Path:
    folder: Path = cli.folder
    (folder / "Procfile").write_text("web: python app.py\n")
    (folder / "app.py").write_text("print('hello')\n")
    return folder


@pytest.fixture
def platform(host: Any) -> Any:
    """A host where a push goes well."""
    host.on("GET", "/apps/hello", APP)
    put, get = "http://storage.localhost:8083/src?sig=1", "http://storage.localhost:8083/src?sig=2"
    host.on("POST", "/sources", {"source_blob": {"put_url": put, "get_url": get}}, status=201)
    host.add("PUT", "/src", httpx.Response(200))
    host.on("POST", "/apps/hello/builds", BUILD, status=201)
    host.text("/streams/b1", "-----> Python app detected\n       Done\n")
    host.on("GET", "/apps/hello/builds/b1", BUILD | {"status": "succeeded", "release": {"id": "r3"}})
    host.on("GET", "/apps/hello/releases/r3", RELEASE)
    host.app, host.build, host.release = APP, BUILD, RELEASE
    return host
