"""Reads tarballs of which nothing is believed.

Python's `tarfile` counts to whatever size a header promises, even at the end of the file; it reads headers about
headers into memory whole, however long they and their chains are; it keeps every member; and it takes a damaged
header for the end, where other programs look for the next one. Here each of that has a bound. The worker reads slugs
in the same way.
"""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, Protocol, Self, cast

DAMAGED = (
    tarfile.TarError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    OverflowError,  # a time of infinity
    IndexError,  # a list of holes that is cut off
    RecursionError,  # a long chain of headers
    MemoryError,  # a compressor's dictionary of gigabytes
)
"""What reading a damaged or a malicious archive may raise, beside OSError without a number."""

_HEADER_BYTES = 256 << 10
"""What may come between two members: headers with long names and attributes, or a list of holes."""
_GLOBAL_FIELDS = 100
"""Fields that hold for all members; `git archive` writes one."""


class TooLongError(Exception):
    """Raised when an archive has more bytes than it may, or says so."""


class Readable(Protocol):
    """The unpacked bytes of an archive."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many of them; none at the end."""


def members(stream: Readable, *, most_bytes: int) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Each member, and its content if it is a file, to be read before the next one is asked for; none is kept.

    Raises:
        TooLongError: There are more than `most_bytes` of them.
        Exception: One of `DAMAGED`, also while a content is read.
    """
    bounded = _Bounded(stream)
    with tarfile.open(fileobj=cast("IO[bytes]", bounded), mode="r|", tarinfo=_Header) as tar:
        while (member := tar.next()) is not None:
            if tar.offset > most_bytes:
                raise TooLongError
            if len(tar.pax_headers) > _GLOBAL_FIELDS:
                raise tarfile.ReadError("so many fields describe no app")
            bounded.allow(tar.offset + _HEADER_BYTES)
            yield member, tar.extractfile(member) if member.isreg() else None
            tar.members.clear()  # type: ignore[attr-defined]


class _Header(tarfile.TarInfo):
    """Tells a damaged header from the end, which is a block of zeros or the end of the file."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except (tarfile.EmptyHeaderError, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as exc:
            raise tarfile.ReadError("a damaged header is not the end") from exc


class _Bounded:
    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._at = 0
        self._most = _HEADER_BYTES

    def allow(self, most: int) -> None:
        """Bytes of the archive may be read up to here."""
        self._most = most

    def read(self, size: int) -> bytes:
        if self._at > self._most:
            raise tarfile.ReadError("headers of this length describe no file")
        piece = self._stream.read(size)
        self._at += len(piece)
        return piece
