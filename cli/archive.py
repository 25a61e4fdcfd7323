"""The tarball of a push: equal trees make equal bytes, on any machine at any time."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from cli.errors import CLIError
from cli.source_tree import SourceTree

# The first second that every format of archive can express: zip files, and so Python wheels, begin in 1980.
MODIFIED = 315532801
LEVEL = 6


@dataclass(frozen=True)
class Archive:
    """A finished tarball."""

    file: IO[bytes]
    sha256: str
    size: int

    @property
    def checksum(self) -> str:
        """As the API writes checksums."""
        return f"SHA256:{self.sha256}"


class _Hashing:
    """A file to write to, which knows the digest of what went through."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def unpacked_size(tree: SourceTree) -> int:
    """Bytes of all the files; what goes away meanwhile counts nothing."""
    total = 0
    for name in tree.files:
        with suppress(OSError):
            total += (tree.root / name).lstat().st_size
    return total


@contextmanager
def packed(tree: SourceTree) -> Iterator[Archive]:
    """The tree as a tar.gz in a temporary file, which goes away at the end."""
    with tempfile.TemporaryFile(prefix="nomapaas-push-") as file:
        target = _Hashing(file)
        # mtime=0 and no file name: the gzip header holds nothing of this machine.
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=target, mtime=0) as compressed,
            tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            tar.addfile(_root())
            for name in tree.files:
                _add(tar, tree, name)
        file.seek(0)
        yield Archive(file=file, sha256=target.digest.hexdigest(), size=target.size)


def _root() -> tarfile.TarInfo:
    """Says that there is no folder around it all, which the compiler would leave out of a tree of one folder."""
    entry = tarfile.TarInfo(".")
    entry.type = tarfile.DIRTYPE
    entry.mode = 0o755
    entry.mtime = MODIFIED
    return entry


def _add(tar: tarfile.TarFile, tree: SourceTree, name: str) -> None:
    path = tree.root / name
    entry = tarfile.TarInfo(name)
    entry.mtime = MODIFIED
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            entry.type = tarfile.SYMTYPE
            entry.mode = 0o777
            entry.linkname = str(path.readlink())
            tar.addfile(entry)
            return
        # O_NOFOLLOW: a link put there since it was looked at must not lead out of the tree.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as content:
            entry.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
            entry.size = os.fstat(content.fileno()).st_size
            tar.addfile(entry, content)
    except OSError as error:
        raise CLIError(f"{path} cannot be packed ({error.strerror or error}). Nothing was pushed.") from error
