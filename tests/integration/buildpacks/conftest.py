"""A sandbox like a Nomad task, and the real stack in it. Needs root and a stack (made by `nomapaas up`, or here)."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli.platform.stack import Stack, ensure_stack, prepare_runner
from cli.platform.stack_registry import registry_env

CHECKOUT = Path(__file__).resolve().parents[3]
ENTER = Path(__file__).with_name("enter_sandbox.py")


@dataclass(frozen=True)
class Ended:
    """How a task ended."""

    status: int
    output: str


@dataclass
class Sandbox:
    """One task folder."""

    task: Path
    stack: Stack
    runner: Path
    env: dict[str, str] = field(default_factory=dict)
    namespaces: tuple[str, ...] = ("--mount", "--pid", "--ipc")

    def prepare(self, *, config: Mapping[str, str] | None = None) -> None:
        for folder in ("local", "secrets", "alloc", "alloc/logs", "tmp"):
            (self.task / folder).mkdir(exist_ok=True)
            (self.task / folder).chmod(0o1777 if folder == "tmp" else 0o777)
        if not (self.task / "etc").exists():
            subprocess.run(["cp", "--archive", str(self.stack.etc), str(self.task / "etc")], check=True)
            (self.task / "etc/resolv.conf").write_bytes(Path("/etc/resolv.conf").read_bytes())
        if config is not None:
            pairs = (f"{name}={value}\0" for name, value in config.items())
            (self.task / "secrets/config").write_bytes("".join(pairs).encode())

    def start(self, mode: str, **env: str) -> subprocess.Popen[str]:
        """Starts `launch MODE`; the caller waits for it."""
        settings = {
            "root": str(self.stack.build if mode == "build" else self.stack.run),
            "runner": str(self.runner),
            "task": str(self.task),
            "mode": mode,
            "env": {"NOMAPAAS_PIDS": "256", "NOMAD_ALLOC_DIR": "/alloc", "NOMAD_ALLOC_INDEX": "0", **self.env, **env},
        }
        return subprocess.Popen(
            [
                "unshare",
                *self.namespaces,
                "--fork",
                "--kill-child",
                sys.executable,
                str(ENTER),
                json.dumps(settings),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, mode: str, *, timeout: float = 120, **env: str) -> Ended:
        with self.start(mode, **env) as process:
            output, _ = process.communicate(timeout=timeout)
        return Ended(process.returncode, output)

    def boot(
        self,
        command: str,
        files: Mapping[str, str] | None = None,
        *,
        config: Mapping[str, str] | None = None,
        **env: str,
    ) -> Ended:
        """Runs `command` as a dyno of a slug that holds `files`."""
        self.prepare(config=config)
        if files is not None:
            (self.task / "local/slug.tgz").write_bytes(tarball({f"./app/{name}": text for name, text in files.items()}))
        return self.run("boot", NOMAPAAS_COMMAND=encoded(command), NOMAPAAS_TYPE="web", NOMAPAAS_PORT="5000", **env)

    def build(
        self,
        files: Mapping[str, str],
        *,
        config: Mapping[str, str] | None = None,
        buildpacks: list[str] | None = None,
        **env: str,
    ) -> Ended:
        """Builds a source of `files`."""
        self.prepare(config=config)
        (self.task / "local/source.tgz").write_bytes(tarball(files))
        return self.run(
            "build",
            timeout=600,
            NOMAPAAS_BUILDPACKS=encoded(json.dumps(buildpacks or [])),
            NOMAPAAS_BUILD_ENV=encoded(json.dumps(registry_env())),
            **{"NOMAPAAS_PIDS": "2048", **env},
        )

    def take_cache_of(self, built: Sandbox) -> None:
        """The next build of the same app gets what the one before kept."""
        self.prepare()
        shutil.copy(built.task / "alloc/out/cache.tar", self.task / "local/cache.tar")

    def take_slug_of(self, built: Sandbox) -> None:
        """A dyno of what was built."""
        self.prepare()
        shutil.copy(built.task / "alloc/out/slug.tgz", self.task / "local/slug.tgz")

    @property
    def result(self) -> dict[str, object]:
        found = json.loads((self.task / "alloc/out/result.json").read_text())
        assert isinstance(found, dict)
        return found

    def slug_names(self) -> list[str]:
        with tarfile.open(self.task / "alloc/out/slug.tgz") as tar:
            return tar.getnames()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def tarball(files: Mapping[str, str]) -> bytes:
    """A gzipped tarball; names that end in ! are executable."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name.removesuffix("!"))
            member.mode = 0o755 if name.endswith("!") else 0o644
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def stack() -> Stack:
    if os.geteuid() != 0:
        pytest.skip("the sandbox needs root")
    return ensure_stack(Path(os.environ.get("NOMAPAAS_CACHE", "/var/cache/nomapaas")), say=print)


@pytest.fixture(scope="session")
def runner(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_runner(CHECKOUT, stack, tmp_path_factory.mktemp("runner") / "runner")


@pytest.fixture(scope="session")
def sandbox_in(stack: Stack, runner: Path) -> Callable[[Path], Sandbox]:
    """Makes a sandbox in a new folder, which its user has to be able to reach."""

    def make(task: Path) -> Sandbox:
        for folder in task.parents[:4]:
            folder.chmod(folder.stat().st_mode | 0o055)
        task.mkdir()
        return Sandbox(task, stack, runner)

    return make


@pytest.fixture
def make_sandbox(sandbox_in: Callable[[Path], Sandbox], tmp_path: Path) -> Callable[[str], Sandbox]:
    return lambda name="task": sandbox_in(tmp_path / name)


@pytest.fixture
def sandbox(make_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    return make_sandbox("task")


@pytest.fixture
def again(first, make_sandbox):
    """Builds with the cache of the first build, the `first` of the test's own file; the sandbox and how it ended."""

    def build(files, **how):
        following = make_sandbox("again")
        following.take_cache_of(first[0])
        return following, following.build(files, **how)

    return build
