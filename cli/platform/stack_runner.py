"""The runner: what is mounted at `/nomapaas` in every dyno and build.

Each version has a folder of its own beside `dest`, which is a link to the newest: a dyno that started on an older one
goes on seeing it whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cli.platform import files
from cli.platform.stack_errors import StackError

PROGRAMS = ("launch", "init", "environ")
"""C programs of `buildpacks/runner`, linked statically."""

_SCRIPTS = ("boot", "start", "compile.py")
_KEPT_VERSIONS = 5
_RECIPE = 2
"""Counted up when the way of making a version changes."""


def prepare_runner(checkout: Path, build_root: Path, dest: Path) -> Path:
    """Compiles and copies the runner of `checkout`, then lets `dest` name it. Does nothing when it is there already."""
    sources = checkout / "buildpacks"
    versions = dest.with_name(f"{dest.name}-versions")
    version = versions / digest(sources, build_root)
    if not version.is_dir():
        versions.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=versions))
        try:
            _fill(new, sources, build_root)
            new.chmod(0o755)
            new.rename(version)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    files.link(dest, Path(versions.name) / version.name)
    _forget_old(versions, version)
    return version


def digest(sources: Path, build_root: Path) -> str:
    """Names the contents of `sources` together with the stack that they run in."""
    whole = hashlib.sha256(f"{_RECIPE} {build_root.parent.name}".encode())
    for path in _files(sources):
        whole.update(f"{path.relative_to(sources)}\0{path.stat().st_mode:o}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


def _files(sources: Path) -> list[Path]:
    return sorted(path for path in sources.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _fill(new: Path, sources: Path, build_root: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    work = Path(tempfile.mkdtemp(prefix="runner-", dir=build_root / "tmp"))
    try:
        for path in (sources / "runner").glob("*.[ch]"):
            shutil.copy(path, work)
        shutil.copytree(sources / "slugc", work / "slugc", ignore=ignore)
        _compile(work, build_root)
        for name in PROGRAMS:
            shutil.copy(work / name, new / name)
        shutil.copytree(work / "slugc", new / "slugc")
    finally:
        shutil.rmtree(work)
    for name in _SCRIPTS:
        shutil.copy(sources / "runner" / name, new / name)
    (new / "buildpacks").mkdir()
    for folder in sorted(sources.iterdir()):
        if (folder / "bin" / "detect").is_file():
            shutil.copytree(folder, new / "buildpacks" / folder.name, ignore=ignore)
    for path in [new, *new.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _compile(work: Path, build_root: Path) -> None:
    """Compiles with what the build root has: it is the same everywhere, the host's compiler is not."""
    inside = Path("/tmp") / work.name  # noqa: S108 (the root's own /tmp)
    flags = ["-static", "-Os", "-Wall", "-Wextra", "-Werror", "-Wl,--strip-all"]
    for name in PROGRAMS:
        _inside(build_root, "/usr/bin/gcc", *flags, "-o", str(inside / name), str(inside / f"{name}.c"))
    options = ["-q", "--invalidation-mode=unchecked-hash", "-s", str(inside), "-p", "/nomapaas"]
    _inside(build_root, "/usr/bin/python3.13", "-I", "-m", "compileall", *options, str(inside / "slugc"))


def _inside(build_root: Path, *command: str) -> None:
    run = subprocess.run(
        ["chroot", str(build_root), *command],
        env={"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise StackError(f"The runner does not compile: {(run.stderr or run.stdout).strip()}")


def _forget_old(versions: Path, current: Path) -> None:
    """A build may still run on the version before; nobody runs on one that is five versions old."""
    current.touch()
    known = sorted(versions.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in known[_KEPT_VERSIONS:]:
        shutil.rmtree(path)
