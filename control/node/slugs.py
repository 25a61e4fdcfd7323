"""The slugs that dynos of this node start from, kept so that a start moves no bytes from MinIO."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator

from control.node.store import Store
from control.ports.blobs import BlobStore
from control.ports.errors import PortError
from jobs.names import SLUGS_BUCKET, slug_key

_DIGEST = re.compile(r"[0-9a-f]{64}")


class WrongContent(PortError):
    """What MinIO has under a digest is something else."""


def is_digest(text: str) -> bool:
    """Whether this can be a slug's name."""
    return _DIGEST.fullmatch(text) is not None


class SlugCache:
    """Slugs by digest; what no dyno has started from for the longest time goes first."""

    def __init__(self, blobs: BlobStore, store: Store) -> None:
        self._blobs = blobs
        self._store = store

    def open(self, app_id: str, digest: str) -> int | None:
        """A descriptor of the slug, fetched and checked if it is not here. Raises KeyError, StoreUnavailable."""
        fd = self._store.open(digest)
        if fd is None:
            with self._store.one_at_a_time(digest):
                fd = self._store.open(digest)
                if fd is None:
                    self._fetch(app_id, digest)
                    fd = self._store.open(digest)
        return fd

    def keep(self, app_id: str, digest: str) -> None:
        """Have it here for the next start. Raises as `open` does."""
        fd = self.open(app_id, digest)
        if fd is not None:
            os.close(fd)

    def _fetch(self, app_id: str, digest: str) -> None:
        sum_ = hashlib.sha256()

        def pieces() -> Iterator[bytes]:
            for piece in self._blobs.read(SLUGS_BUCKET, slug_key(app_id, digest)):
                sum_.update(piece)
                yield piece

        def check() -> None:
            if sum_.hexdigest() != digest:
                raise WrongContent(
                    f"The stored slug {digest[:12]} of app {app_id} has another content. Deploy the app again."
                )

        self._store.put(digest, pieces(), check=check)
