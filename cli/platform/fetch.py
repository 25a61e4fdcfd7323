"""Each server from PATH, the cache, an official release or its Go module, in that order, saying which."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cli.platform import build, files, release
from cli.platform.commands import attempt, traversable
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.progress import step
from cli.platform.servers import SERVERS, Server

_CNI_FOLDERS = (Path("/opt/cni/bin"), Path("/usr/lib/cni"))
"""Where machines that have CNI plugins keep them; nobody has them on PATH."""


def ensure_servers(instance: Instance) -> dict[str, Path]:
    """Where each server's program is, by name; `cni` is the plugins' folder."""
    return {server.name: ensure_server(instance, server) for server in SERVERS}


def ensure_server(instance: Instance, server: Server) -> Path:
    """Find, fetch or build one server."""
    installed = find_installed(server)
    if installed:
        return _said(instance, server, installed)
    folder = cache_folder(instance.cache, server)
    if in_cache(folder, server):
        return _said(instance, server, program(folder, server))
    with _only_one(instance.cache / "servers", server):
        if in_cache(folder, server):
            return _said(instance, server, program(folder, server))
        _make(instance, server, folder)
    return program(folder, server)


def _said(instance: Instance, server: Server, path: Path) -> Path:
    """Where one that is there already comes from; `_make` says so itself of the others."""
    version, where = _origin(server, path, instance.cache)
    sys.stderr.write(f"{server.name} {version}: {where}\n")
    return path


def _make(instance: Instance, server: Server, folder: Path) -> None:
    source = release.base_url(server, os.environ)
    if server.release and source and release.reachable(source):
        with step(f"Downloading {server.name} {server.version}") as line:
            with _whole(folder) as new:
                release.download(server, source, architecture(), new, tick=line.tick)
            line.note("done, official release, checksum verified")
        return
    with step(f"Building {server.name} {server.version} from its Go module (about {server.minutes:g} min)") as line:
        with _whole(folder) as new:
            build.build(server, instance.checkout / "nomad" / "servers" / server.name, new, tick=line.tick)
        line.note("done, built from source")


def find_installed(server: Server, search: Callable[[str], str | None] = shutil.which) -> Path | None:
    """A program on PATH in a supported version, which every unix user can run."""
    if server.name == "cni":
        return next((folder for folder in _CNI_FOLDERS if _usable_plugins(folder, server)), None)
    found = search(server.binaries[0])
    if found is None:
        return None
    path = Path(found).resolve()
    if not traversable(path) or path.stat().st_mode & 0o005 != 0o005:
        return None
    return path if server.accepts(_printed(path)) else None


def _usable_plugins(folder: Path, server: Server) -> bool:
    if not all((folder / binary).is_file() for binary in server.binaries) or not traversable(folder / "bridge"):
        return False
    return server.accepts(_printed(folder / "bridge")) is not None


def _printed(path: Path) -> str:
    try:
        answer = attempt([path, "--version"], seconds=10)
    except Problem:
        return ""
    return answer.stdout + answer.stderr


def describe(server: Server, path: Path, cache: Path) -> str:
    """Which version of a server is used and where it came from, for `status` and `doctor`."""
    return ", ".join(_origin(server, path, cache))


def _origin(server: Server, path: Path, cache: Path) -> tuple[str, str]:
    if cache in path.parents or path == cache_folder(cache, server):
        return server.version, "cache"
    return str(server.accepts(_printed(path if path.is_file() else path / "bridge"))), str(path)


def cache_folder(cache: Path, server: Server) -> Path:
    """Where a fetched or built server lies."""
    return cache / "servers" / server.name / server.version


def in_cache(folder: Path, server: Server) -> bool:
    """Whether the cache has all of a server's programs."""
    return all(os.access(folder / binary, os.X_OK) for binary in server.binaries)


def program(folder: Path, server: Server) -> Path:
    """The program, or for CNI the folder of plugins."""
    return folder if server.name == "cni" else folder / server.binaries[0]


def architecture() -> str:
    """This machine's architecture in Go's words."""
    words: Mapping[str, str] = {"x86_64": "amd64", "aarch64": "arm64"}
    machine = platform.machine()
    if machine not in words:
        raise Problem(f"nomapaas runs on x86-64 and arm64; this machine is {machine}.")
    return words[machine]


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes `folder` when the block ends well, and is gone when it does not."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".new-{folder.name}")
    files.remove_tree(new)
    new.mkdir()
    try:
        yield new
        files.remove_tree(folder)
        new.rename(folder)
        files.sync_directory(folder.parent)
    finally:
        files.remove_tree(new)


@contextmanager
def _only_one(folder: Path, server: Server) -> Iterator[None]:
    """One `up` at a time makes a server; others wait and then find it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{server.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"Waiting for another nomapaas up that makes {server.name}"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
