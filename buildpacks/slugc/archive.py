"""Unpacks a source tarball as the hostile input it is.

`tarfile`'s own filters have had escapes, so nothing of it touches the disk here: every path is checked, every file is
created new, no link is ever followed.
"""

from __future__ import annotations

import lzma
import os
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .exit_codes import BuildError, ExitCode

_DAMAGED = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError)
_CHUNK = 1 << 20
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

    Returns:
        The links that lead out of it: the caller decides whether they matter.

    Raises:
        BuildError: The archive is damaged, empty, too large, or holds what a source has no use for.
    """
    holder = target.with_name(f"{target.name}.unpacked")
    holder.mkdir()
    try:
        with tarfile.open(archive, "r|*") as tar:
            unpacker = _Unpacker(holder, limits)
            unpacker.all(tar)
    except BuildError:
        raise
    except _DAMAGED as exc:
        if isinstance(exc, OSError) and not isinstance(exc, (tarfile.TarError, EOFError)) and exc.errno is not None:
            raise
        raise BuildError(
            ExitCode.SOURCE_REFUSED,
            "The source is not a whole gzipped tarball: it may have been cut off; push it again.",
        ) from exc
    top = _lone_folder(holder)
    if top is None:
        holder.rename(target)
        return unpacker.leaving
    top.rename(target)
    holder.rmdir()
    return [Leaving(path=link.path.relative_to(top.name), target=link.target) for link in unpacker.leaving]


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
    if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink():
        return entries[0]
    return None


class _Unpacker:
    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._folders = {PurePosixPath()}
        self._entries = 0
        self._bytes = 0
        self.leaving: list[Leaving] = []

    def all(self, tar: tarfile.TarFile) -> None:
        for member in tar:
            self._count(member)
            path = _checked_path(member.name)
            if path == PurePosixPath():
                continue
            self._make_folder(path.parent)
            self._one(tar, member, path)

    def _one(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: PurePosixPath) -> None:
        if member.isdir():
            self._make_folder(path)
        elif member.isreg():
            self._make_file(tar, member, path)
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

    def _count(self, member: tarfile.TarInfo) -> None:
        self._entries += 1
        self._bytes += max(member.size, 0)
        if self._entries > self._limits.entries:
            raise BuildError(
                ExitCode.SOURCE_TOO_LARGE,
                f"The source has more than {self._limits.entries:,} files: list what the app does not need in "
                ".slugignore.",
            )
        if self._bytes > self._limits.total_bytes:
            raise BuildError(
                ExitCode.SOURCE_TOO_LARGE,
                f"The source is larger than {self._limits.total_bytes >> 20:,} MB when unpacked: list what the app "
                "does not need in .slugignore.",
            )

    def _make_folder(self, path: PurePosixPath) -> None:
        """Makes a folder and those above it; a link in the middle of a path is refused, not followed."""
        if path in self._folders:
            return
        self._make_folder(path.parent)
        place = self._root / path
        try:
            place.mkdir(mode=0o755)
        except FileExistsError:
            raise BuildError(
                ExitCode.SOURCE_REFUSED,
                f"The source names {_shown(str(path))} both as a folder and as something else: pack it again and push.",
            ) from None
        self._folders.add(path)

    def _make_file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: PurePosixPath) -> None:
        place = self._vacate(path)
        content = tar.extractfile(member)
        mode = 0o755 if member.mode & 0o111 else 0o644
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            if content is not None:
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
            place.symlink_to(member.linkname)

    def _make_hard_link(self, member: tarfile.TarInfo, path: PurePosixPath) -> None:
        source = _checked_path(member.linkname)
        original = self._root / source
        if source.parent not in self._folders or original.is_symlink() or not original.is_file():
            raise BuildError(
                ExitCode.SOURCE_REFUSED,
                f"The source holds a hard link to something that is not in it, {_shown(member.name)}: pack it "
                "again and push.",
            )
        if source == path:
            return
        place = self._vacate(path)
        shutil.copy2(original, place, follow_symlinks=False)

    def _vacate(self, path: PurePosixPath) -> Path:
        """A later entry of the same name replaces an earlier one, as tar has it."""
        place = self._root / path
        if path in self._folders:
            raise BuildError(
                ExitCode.SOURCE_REFUSED,
                f"The source names {_shown(str(path))} both as a folder and as something else: pack it again and push.",
            )
        place.unlink(missing_ok=True)
        return place


def _checked_path(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise BuildError(
            ExitCode.SOURCE_REFUSED,
            f"The source holds a file outside of itself, {_shown(name)}: pack it with relative paths and push again.",
        )
    return path


def _shown(name: str) -> str:
    """A hostile name must not write into the build's output what it likes."""
    return ascii(name)[1:-1][:200]
