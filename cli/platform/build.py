"""Building a server from its Go module, with the versions pinned in `nomad/servers/<name>`."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from cli.platform.commands import attempt
from cli.platform.problem import Problem
from cli.platform.servers import Server

_GO_AT_LEAST = (1, 26)
_SHOWN_LINES = 8


def build(server: Server, module: Path, folder: Path, *, tick: Callable[[str], None]) -> None:
    """Build all of a server's programs into `folder`. Every module is checked against the committed go.sum."""
    require_compilers(server, module)
    for package, binary in zip((server.package, *server.extra_packages), server.binaries, strict=True):
        argv = ["go", "build", "-v", "-trimpath", "-mod=readonly", "-ldflags", "-s -w", "-o", str(folder / binary)]
        if server.tags:
            argv += ["-tags", server.tags]
        _run([*argv, package], module, environment(server), tick)
        (folder / binary).chmod(0o755)


def environment(server: Server) -> dict[str, str]:
    """The caller's environment: proxies and Go's own settings count. Nothing may change go.mod or go.sum."""
    found = dict(os.environ) | {"GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    if server.cgo:
        found["CGO_ENABLED"] = "1"
    return found


def require_compilers(server: Server, module: Path) -> None:
    """Raise a Problem that says what is missing and how to get it."""
    printed = ""
    with contextlib.suppress(Problem):
        printed = attempt(["go", "env", "GOVERSION"], cwd=module, seconds=120).stdout
    match = re.search(r"go(\d+)\.(\d+)", printed)
    if match is None or tuple(map(int, match.groups())) < _GO_AT_LEAST:
        needed = ".".join(map(str, _GO_AT_LEAST))
        raise Problem(
            f"{server.name} has to be built and Go >= {needed} is not on PATH; install it from https://go.dev/dl/, "
            f"or put {server.name} itself on PATH, and run `nomapaas up` again."
        )
    if server.cgo and shutil.which("gcc") is None:
        raise Problem(
            f"{server.name} is built with a C compiler; run `apt-get install gcc libc6-dev` and then this again."
        )


def _run(argv: list[str], module: Path, env: dict[str, str], tick: Callable[[str], None]) -> None:
    """Run the compiler; each package that it names is a sign of life."""
    with subprocess.Popen(
        argv, cwd=module, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        said: list[str] = []

        def read() -> None:
            said.extend(line.rstrip() for line in process.stderr or ())

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            while True:
                try:
                    process.wait(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    tick(f"{len(said)} packages compiled" if said else "")
        except BaseException:
            process.terminate()
            raise
        reader.join(timeout=5)
    if process.returncode != 0:
        raise Problem(f"`{' '.join(argv[:2])} … {argv[-1]}` failed:\n" + "\n".join(said[-_SHOWN_LINES:]))
