"""A slug is hostile input: it comes out of a build that ran somebody else's code.

The dyno unpacks it as a user without any right in a root of its own, so nothing in it can reach the host; what is
checked here is that it is what the protocol says (Heroku's slug format: a gzipped tar whose content lies under
`./app/`) and that nobody pays for a bomb.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, BinaryIO, cast


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
        with tarfile.open(fileobj=cast("IO[bytes]", unpacked), mode="r|") as archive:
            for count, member in enumerate(archive, start=1):
                if count > limits.entries:
                    raise SlugRejected(f"The slug has more than {limits.entries:,} files.")
                _check_member(member)
        while unpacked.read(1 << 16):
            pass  # what follows the archive's end mark is held to the same limits
    except (tarfile.TarError, zlib.error, EOFError, ValueError, OverflowError) as exc:
        raise SlugRejected("The slug is not a gzipped tar archive.") from exc


def _check_member(member: tarfile.TarInfo) -> None:
    parts = PurePosixPath(member.name).parts
    if member.name.startswith("/") or ".." in parts or (parts and parts[0] != "app"):
        raise SlugRejected(f"The slug holds {member.name!r}, which is not below ./app/.")
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        raise SlugRejected(f"The slug holds {member.name!r}, which is neither a file, a folder nor a link.")
    if member.islnk() and PurePosixPath(member.linkname).parts[:1] != ("app",):
        raise SlugRejected(f"The slug holds {member.name!r}, a hard link to something outside of it.")


class _Bounded:
    """The unpacked bytes of a gzip file, no more than the limit of them."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._pieces = _gunzip(file)
        self._left = limits.unpacked
        self._limit = limits.unpacked
        self._buffer = b""

    def read(self, size: int = -1) -> bytes:
        """Like a file's `read`, for tarfile's stream mode."""
        while size < 0 or len(self._buffer) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._left -= len(piece)
            if self._left < 0:
                raise SlugRejected(f"The slug unpacks to more than {self._limit >> 20} MB.")
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
