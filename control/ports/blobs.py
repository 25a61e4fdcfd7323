"""Slugs and sources: MinIO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class BlobStat:
    """Size in bytes of a stored object."""

    size: int


class BlobStore(Protocol):
    """Slugs and sources. Every method raises StoreUnavailable; writing ones StoreFull."""

    def upload_url(self, bucket: str, key: str, *, expires: timedelta) -> str:
        """A URL that takes one PUT without a Content-Type, reachable by clients."""
        ...

    def download_url(self, bucket: str, key: str, *, expires: timedelta) -> str:
        """A URL that answers GET, reachable by clients."""
        ...

    def stat(self, bucket: str, key: str) -> BlobStat | None:
        """None when there is no such object."""
        ...

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        """The object in pieces. Raises KeyError when there is none."""
        ...

    def write(self, bucket: str, key: str, pieces: Iterable[bytes]) -> int:
        """Store a stream, whole or not at all; returns its size."""
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; a missing one is success."""
        ...

    def keys(self, bucket: str, *, prefix: str = "") -> Iterator[str]:
        """Keys that begin with the prefix."""
        ...

    def ping(self) -> None:
        """Return when the store answers."""
        ...
