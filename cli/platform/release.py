"""Official releases: reached or not in three seconds, and never used without the right SHA-256."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, cast

import httpx

from cli.platform.problem import Problem
from cli.platform.servers import Archive, Server

OVERRIDE = "NOMAPAAS_RELEASES_URL"
"""A mirror to take every release from instead; `none` takes none and builds."""

_PROBE_SECONDS = 3.0
_LONGEST_SUMS = 1 << 20


def base_url(server: Server, env: Mapping[str, str]) -> str | None:
    """Where this server's releases are, or None when there are none."""
    if server.release is None:
        return None
    override = env.get(OVERRIDE, "")
    if override == "none":
        return None
    if override and not override.startswith(("http://", "https://")):
        raise Problem(f"{OVERRIDE} is {override!r}; set it to an http or https URL, or to none.")
    return override.rstrip("/") or server.release.base


@cache
def reachable(base: str) -> bool:
    """Whether anybody answers there; asked once a run."""
    try:
        with httpx.Client(timeout=_PROBE_SECONDS, follow_redirects=False) as client:
            return client.head(base).status_code < 500
    except httpx.HTTPError:
        return False


def download(server: Server, base: str, arch: str, folder: Path, *, tick: Callable[[str], None]) -> None:
    """Fetch the release, compare its checksum, unpack the programs into `folder`."""
    release = server.release
    if release is None:
        raise Problem(f"There is no official release of {server.name} {server.version}.")
    names = {"base": base, "version": server.version, "arch": arch}
    url = release.file.format(**names)
    archive = folder / "release"
    with httpx.Client(timeout=30, follow_redirects=True) as client:
        wanted = _wanted_sum(client, release.sums.format(**names), url.rsplit("/", 1)[1])
        found = _fetch(client, url, archive, tick)
    if found != wanted:
        archive.unlink()
        raise Problem(
            f"The checksum of {url} is {found} instead of {wanted}: it is damaged or was tampered with. Nothing was "
            f"installed; try again, or set {OVERRIDE}=none to build {server.name} from source."
        )
    _unpack(server, release.archive, archive, folder)
    archive.unlink()


def _wanted_sum(client: httpx.Client, url: str, file: str) -> str:
    text = _get(client, url).text[:_LONGEST_SUMS]
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].lstrip("*") == file and len(words[0]) == 64:
            return words[0].lower()
    raise Problem(f"{url} names no SHA-256 of {file}; set {OVERRIDE}=none to build from source.")


def _get(client: httpx.Client, url: str) -> httpx.Response:
    try:
        return client.get(url).raise_for_status()
    except httpx.HTTPError as exc:
        raise _refused(url, exc) from exc


def _fetch(client: httpx.Client, url: str, path: Path, tick: Callable[[str], None]) -> str:
    digest = hashlib.sha256()
    size = 0
    try:
        with client.stream("GET", url) as response, path.open("wb") as file:
            response.raise_for_status()
            for piece in response.iter_bytes(1 << 20):
                digest.update(piece)
                file.write(piece)
                size += len(piece)
                tick(f"{size >> 20} MB")
    except httpx.HTTPError as exc:
        raise _refused(url, exc) from exc
    return digest.hexdigest()


def _refused(url: str, exc: httpx.HTTPError) -> Problem:
    return Problem(f"{url} could not be downloaded ({exc}); try again, or set {OVERRIDE}=none to build from source.")


def _unpack(server: Server, kind: Archive, archive: Path, folder: Path) -> None:
    """Take out the programs, by name and as plain files; nothing else of an archive is touched."""
    try:
        if kind is Archive.ZIP:
            with zipfile.ZipFile(archive) as packed:
                for name in server.binaries:
                    with packed.open(name) as source, (folder / name).open("wb") as target:
                        shutil.copyfileobj(source, target)
        else:
            with tarfile.open(archive, "r:gz") as tar:
                members = {os.path.normpath(member.name): member for member in tar if member.isreg()}
                for name in server.binaries:
                    with (folder / name).open("wb") as target:
                        shutil.copyfileobj(cast("IO[bytes]", tar.extractfile(members[name])), target)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, OSError) as exc:
        raise Problem(f"The release of {server.name} could not be unpacked ({exc}); run `nomapaas up` again.") from exc
    for name in server.binaries:
        (folder / name).chmod(0o755)
