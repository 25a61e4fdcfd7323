"""The running instance that is measured, through its CLI and its router."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

CLI = str(Path(sys.executable).with_name("nomapaas"))


class Site:
    """An instance that is up; `nomapaas env` says where."""

    def __init__(self) -> None:
        printed = subprocess.run([CLI, "env", "--json"], check=True, capture_output=True, text=True)
        self.env: dict[str, str] = json.loads(printed.stdout)
        self.router = httpx.Client(base_url=self.env["NOMAPAAS_ROUTER_URL"], timeout=30)
        self.nomad = httpx.Client(
            base_url=self.env["NOMAD_ADDR"],
            headers={"X-Nomad-Token": self.env["NOMAD_TOKEN"]},
            params={"namespace": "apps"},
            timeout=30,
        )

    def run(self, *args: str, cwd: Path | None = None) -> str:
        """Run a CLI command that has to succeed."""
        done = subprocess.run(
            [CLI, *args],
            cwd=cwd,
            env=os.environ | self.env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"nomapaas {' '.join(args)} failed:\n{done.stderr}")
        return done.stdout

    def json(self, *args: str) -> Any:
        """Run a reading command."""
        return json.loads(self.run(*args, "--json"))

    def get(self, app: str, path: str = "/") -> httpx.Response:
        """Request an app through the router."""
        return self.router.get(path, headers={"Host": f"{app}.localhost"})

    @contextmanager
    def app(self) -> Iterator[str]:
        """An app for the time of a measurement."""
        name = f"bench-{uuid.uuid4().hex[:8]}"
        self.run("create", name, "--no-remote")
        try:
            yield name
        finally:
            self.run("destroy", "--app", name, "--confirm", name)
