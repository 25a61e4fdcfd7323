"""Unpacks a source tarball as the hostile input it is.

`tarfile`'s own filters have had escapes, so nothing of it touches the disk here: every path is checked, every file is
created new, no link is ever followed.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from . import tar_stream
from .exit_codes import BuildError, ExitCode

_CHUNK = 1 << 20
_TOP = str(PurePosixPath())
_NAME_BYTES = 255
_PATH_BYTES = 3000
"""Linux takes 4,096; the folders of the build, and of tools below the app, need some of them."""
_ENTRY_BYTES = 4096
"""What the headers and the padding of an entry may have on average."""
_LATEST_TIME = 1 << 32


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a source may be at most, unpacked."""

    entries: int = 200_000
    total_bytes: int = 2 << 30


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """A link that leads out of the source, and was not made."""

    path: PurePosixPath
    target: str


def unpack(archive: Path, target: Path, limits: Limits) -> list[Leaving]:
    """Unpacks `archive` into the new folder `target`; a lone top folder, as GitHub makes it, is left out.

    An archive with an entry for its own root (`./`) has no such folder: what is alone in there belongs to the source.

    Returns:
        The links that lead out of it: the caller decides whether they matter.

    Raises:
        BuildError: The archive is damaged, empty, too large, or holds what a source has no use for.
    """
    holder = target.with_name(f"{target.name}.unpacked")
    holder.mkdir()
    unpacker = _Unpacker(holder, limits)
    try:
        with archive.open("rb") as file:
            unpacker.all(_decompressed(file))
    except (*tar_stream.DAMAGED, OSError) as exc:
        if isinstance(exc, OSError) and exc.errno is not None:
            raise  # of this machine: a full disk
        raise BuildError(
            ExitCode.SOURCE_REFUSED,
            "The source is not a whole gzipped tarball: it may have been cut off; push it again.",
        ) from exc
    top = None if unpacker.names_root else _lone_folder(holder)
    (top or holder).rename(target)
    if top is not None:
        holder.rmdir()
    below = PurePosixPath(top.name if top else "")
    leaving = [replace(link, path=_moved(link.path, below)) for link in unpacker.leaving]
    return leaving + _taken_away(target, [_moved(path, below) for path in unpacker.links])


def _decompressed(file: IO[bytes]) -> tar_stream.Readable:
    """Gzip is what clients send; the others cost nothing."""
    magic = file.read(6)
    file.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if magic.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(file)
    return file


def refuse(leaving: list[Leaving]) -> None:
    """Says no to links that lead out of a source."""
    if leaving:
        raise BuildError(
            ExitCode.SOURCE_REFUSED,
            f"The source holds a link that leaves it, {_shown(str(leaving[0].path))} -> {_shown(leaving[0].target)}: "
            "remove it, or list it in .gitignore or .slugignore.",
        )


def _lone_folder(folder: Path) -> Path | None:
    entries = list(folder.iterdir())
    if len(entries) == 1 and not entries[0].is_symlink() and entries[0].is_dir():
        return entries[0]
    return None


def _moved(path: PurePosixPath, top: PurePosixPath) -> PurePosixPath:
    """Where a link is without the lone top folder; one beside that folder was not made, else it were not alone."""
    return path.relative_to(top) if path.is_relative_to(top) else path


def _taken_away(root: Path, links: list[PurePosixPath]) -> list[Leaving]:
    """Removes the links that lead out of `root` by way of other links, further than their own text tells."""
    real = os.path.realpath(root)
    found = []
    for path in links:
        place = root / path
        if place.is_symlink() and os.path.commonpath([real, os.path.realpath(place)]) != real:
            found.append(Leaving(path=path, target=str(place.readlink())))
            place.unlink()
    return found


class _Unpacker:
    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._folders = {_TOP}
        self._entries = 0
        self._bytes = 0
        self.names_root = False
        self.leaving: list[Leaving] = []
        self.links: list[PurePosixPath] = []
        """Links that were made, though some may have been replaced since."""

    def all(self, stream: tar_stream.Readable) -> None:
        most = self._limits.total_bytes + self._limits.entries * _ENTRY_BYTES
        try:
            for member, content in tar_stream.members(stream, most_bytes=most):
                self._take(member, content)
        except tar_stream.TooLongError:
            raise self._too_large() from None

    def _take(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        self._count_bytes(member.size)
        path = _checked_path(member.name)
        if str(path) in self._folders or not member.isdir():
            self._count_entry()
        if path == PurePosixPath():
            self.names_root = True
            return
        self._make_folder(path.parent)
        self._one(member, content, path)

    def _one(self, member: tarfile.TarInfo, content: IO[bytes] | None, path: PurePosixPath) -> None:
        if member.isdir():
            self._make_folder(path)
        elif content is not None:
            self._make_file(member, content, path)
        elif member.issym():
            self._make_symlink(member, path)
        elif member.islnk():
            self._make_hard_link(member, path)
        else:
            raise BuildError(
                ExitCode.SOURCE_REFUSED,
                f"The source holds a device or pipe, {_shown(member.name)}, which no app needs: take it out and "
                "push again.",
            )

    def _count_entry(self) -> None:
        self._entries += 1
        if self._entries > self._limits.entries:
            raise BuildError(
                ExitCode.SOURCE_TOO_LARGE,
                f"The source has more than {self._limits.entries:,} files: list what the app does not need in "
                ".slugignore.",
            )

    def _count_bytes(self, size: int) -> None:
        self._bytes += max(size, 0)
        if self._bytes > self._limits.total_bytes:
            raise self._too_large()

    def _too_large(self) -> BuildError:
        return BuildError(
            ExitCode.SOURCE_TOO_LARGE,
            f"The source is larger than {self._limits.total_bytes >> 20:,} MB when unpacked: list what the app "
            "does not need in .slugignore.",
        )

    def _make_folder(self, path: PurePosixPath) -> None:
        """Makes a folder and those above it; a link in the middle of a path is refused, not followed."""
        missing = []
        while str(path) not in self._folders:
            missing.append(path)
            path = path.parent
        for folder in reversed(missing):
            self._count_entry()  # each, also those that only a longer name tells of: they take room as any other
            try:
                (self._root / folder).mkdir(mode=0o755)
            except FileExistsError:
                raise _twice(folder) from None
            self._folders.add(str(folder))

    def _make_file(self, member: tarfile.TarInfo, content: IO[bytes], path: PurePosixPath) -> None:
        place = self._vacate(path)
        mode = 0o755 if member.mode & 0o111 else 0o644
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(content, file, _CHUNK)
        modified = min(max(int(member.mtime), 0), _LATEST_TIME)
        os.utime(place, (modified, modified))

    def _make_symlink(self, member: tarfile.TarInfo, path: PurePosixPath) -> None:
        target = PurePosixPath(member.linkname)
        depth = len(path.parent.parts)
        for part in target.parts:
            depth += -1 if part == ".." else 1
            if depth < 0:
                break
        place = self._vacate(path)
        if target.is_absolute() or depth < 0:
            self.leaving.append(Leaving(path=path, target=member.linkname))
        else:
            if not member.linkname or "\0" in member.linkname or _too_long(target):
                raise _misnamed(member.linkname)
            place.symlink_to(member.linkname)
            self.links.append(path)

    def _make_hard_link(self, member: tarfile.TarInfo, path: PurePosixPath) -> None:
        source = _checked_path(member.linkname)
        original = self._root / source
        if str(source.parent) not in self._folders or original.is_symlink() or not original.is_file():
            raise BuildError(
                ExitCode.SOURCE_REFUSED,
                f"The source holds a hard link to something that is not in it, {_shown(member.name)}: pack it "
                "again and push.",
            )
        if source == path:
            return
        self._count_bytes(original.stat().st_size)  # a copy of it is made
        place = self._vacate(path)
        shutil.copy2(original, place, follow_symlinks=False)

    def _vacate(self, path: PurePosixPath) -> Path:
        """A later entry of the same name replaces an earlier one, as tar has it."""
        place = self._root / path
        if str(path) in self._folders:
            raise _twice(path)
        place.unlink(missing_ok=True)
        return place


def _checked_path(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise BuildError(
            ExitCode.SOURCE_REFUSED,
            f"The source holds a file outside of itself, {_shown(name)}: pack it with relative paths and push again.",
        )
    if _too_long(path):
        raise _misnamed(name)
    return path


def _too_long(path: PurePosixPath) -> bool:
    return any(len(os.fsencode(part)) > _NAME_BYTES for part in path.parts) or len(os.fsencode(path)) > _PATH_BYTES


def _misnamed(name: str) -> BuildError:
    return BuildError(
        ExitCode.SOURCE_REFUSED,
        f"The source holds a name that is empty or too long for a file, {_shown(name)}: shorten it and push again.",
    )


def _twice(path: PurePosixPath) -> BuildError:
    return BuildError(
        ExitCode.SOURCE_REFUSED,
        f"The source names {_shown(str(path))} both as a folder and as something else: pack it again and push.",
    )


def _shown(name: str) -> str:
    """A hostile name must not write into the build's output what it likes."""
    return ascii(name)[1:-1][:200]
