"""A slug is hostile input: it comes out of a build that ran somebody else's code.

The dyno unpacks it as a user without any right in a root of its own, so nothing in it can reach the host; what is
checked here is that it is what the protocol says (Heroku's slug format: a gzipped tar whose content lies under
`./app/`) and that nobody pays for a bomb.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from buildpacks.slugc import tar_stream

_NAME_BYTES = 255
_PATH_BYTES = 3000
"""As for the source of a build."""


class SlugRejected(Exception):
    """The slug breaks a rule; the message is a sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bytes and counts. Heroku's slug limit is 500 MB."""

    compressed: int
    unpacked: int
    entries: int = 400_000


@dataclass(frozen=True, kw_only=True)
class Spooled:
    """What was received."""

    sha256: str
    size: int


def spool(pieces: Iterable[bytes], file: BinaryIO, limits: Limits) -> Spooled:
    """Write a slug to a file as it comes, no further than the limit. Raises SlugRejected."""
    digest = hashlib.sha256()
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limits.compressed:
            raise SlugRejected(
                f"The slug is larger than {limits.compressed >> 20} MB; leave out what the app does not need to run "
                "with a .slugignore file."
            )
        digest.update(piece)
        file.write(piece)
    return Spooled(sha256=digest.hexdigest(), size=size)


def check(file: BinaryIO, limits: Limits) -> None:
    """Read the whole archive once. Raises SlugRejected."""
    file.seek(0)
    unpacked = _Bounded(file, limits)
    try:
        members = _Members(limits)
        for member, _ in tar_stream.members(unpacked, most_bytes=limits.unpacked):
            members.take(member)
        while unpacked.read(1 << 16):
            pass  # what follows the archive's end mark is held to the same limits
    except tar_stream.TooLongError:
        raise _too_large(limits) from None
    except (*tar_stream.DAMAGED, OSError) as exc:
        if isinstance(exc, OSError) and exc.errno is not None:
            raise  # of this machine, not of the slug
        raise SlugRejected("The slug is not a gzipped tar archive.") from exc


class _Members:
    """Checks and counts members."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._others = 0
        self._bytes = 0
        self._folders: set[int] = set()
        """Hashes of their paths, which take less room; also of those that only a longer name tells of."""

    def take(self, member: tarfile.TarInfo) -> None:
        """One more. Raises SlugRejected."""
        _check_member(member)
        path = PurePosixPath(member.name)
        for folder in (path, *path.parents) if member.isdir() else path.parents:
            key = hash(str(folder))
            if key in self._folders:
                break
            self._folders.add(key)
        self._others += not member.isdir()
        if self._others + len(self._folders) > self._limits.entries:
            raise SlugRejected(f"The slug has more than {self._limits.entries:,} files.")
        self._bytes += member.size  # of a sparse file more than the archive has
        if self._bytes > self._limits.unpacked:
            raise _too_large(self._limits)


def _check_member(member: tarfile.TarInfo) -> None:
    parts = PurePosixPath(member.name).parts
    if member.name.startswith("/") or ".." in parts or "\0" in member.name or (parts and parts[0] != "app"):
        raise SlugRejected(f"The slug holds {_shown(member)}, which is not below ./app/.")
    if any(len(os.fsencode(part)) > _NAME_BYTES for part in parts) or len(os.fsencode(member.name)) > _PATH_BYTES:
        raise SlugRejected(f"The slug holds {_shown(member)}, a name that is too long for a file.")
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        raise SlugRejected(f"The slug holds {_shown(member)}, which is neither a file, a folder nor a link.")
    if _is_ambiguous(member):
        raise SlugRejected(f"The slug holds {_shown(member)}, of which readers differ whether it is a file.")
    if member.islnk() and not _below_app(member.linkname):
        raise SlugRejected(f"The slug holds {_shown(member)}, a hard link to something outside of it.")


def _is_ambiguous(member: tarfile.TarInfo) -> bool:
    """Whether the dyno's tar would go on at another place than this check, and find other members there.

    GNU tar takes whatever has a slash at the end of its name for a folder, and a folder or link may say that it has
    content.
    """
    names = (member.name, member.pax_headers.get("path", ""))
    return (not member.isdir() and any(name.endswith("/") for name in names)) or (
        not member.isfile() and member.size > 0
    )


def _below_app(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[:1] == ("app",) and ".." not in parts


def _shown(member: tarfile.TarInfo) -> str:
    return ascii(member.name)[:200]


def _too_large(limits: Limits) -> SlugRejected:
    return SlugRejected(f"The slug unpacks to more than {limits.unpacked >> 20} MB.")


class _Bounded:
    """The unpacked bytes of a gzip file, no more than the limit of them."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._pieces = _gunzip(file)
        self._left = limits.unpacked
        self._limits = limits
        self._buffer = b""

    def read(self, size: int = -1) -> bytes:
        """Like a file's `read`, for tarfile's stream mode."""
        while size < 0 or len(self._buffer) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._left -= len(piece)
            if self._left < 0:
                raise _too_large(self._limits)
            self._buffer += piece
        size = len(self._buffer) if size < 0 else size
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    inflate = zlib.decompressobj(wbits=31)
    while piece := file.read(1 << 16):
        while piece:
            yield inflate.decompress(piece, 1 << 20)
            piece = inflate.unconsumed_tail
        if inflate.eof:
            break
    if not inflate.eof or inflate.unused_data or file.read(1):
        raise EOFError
