"""Slugs and sources: MinIO, or any S3, through MinIO's SDK."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from control.ports.blobs import BlobStat
from control.ports.errors import StoreFull, StoreUnavailable

_REGION = "us-east-1"
"""MinIO's own default. Naming it saves a request before each signature."""
_PART = 16 << 20
"""Bytes of an upload that are held in memory."""
_PIECE = 1 << 16
_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "ResourceNotFound"})
_FULL = frozenset({"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded"})


class MinioBlobs:
    """One MinIO. Signed URLs name the public endpoint, since clients use them; all else goes to the inner one."""

    def __init__(self, endpoint: str, *, access_key: str, secret_key: str, public_endpoint: str | None = None) -> None:
        self._minio = _client(endpoint, access_key, secret_key)
        self._public = _client(public_endpoint or endpoint, access_key, secret_key)

    def upload_url(self, bucket: str, key: str, *, expires: timedelta) -> str:
        return self._public.presigned_put_object(bucket, key, expires=expires)

    def download_url(self, bucket: str, key: str, *, expires: timedelta) -> str:
        return self._public.presigned_get_object(bucket, key, expires=expires)

    def stat(self, bucket: str, key: str) -> BlobStat | None:
        try:
            with _translated():
                return BlobStat(size=self._minio.stat_object(bucket, key).size or 0)
        except KeyError:
            return None

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        with _translated():
            response = self._minio.get_object(bucket, key)

        def pieces() -> Iterator[bytes]:
            try:
                yield b""
                with _translated():
                    yield from response.stream(_PIECE)
            finally:
                response.close()
                response.release_conn()

        stream = pieces()
        # From here on the connection goes back even if nobody ever reads.
        next(stream)
        return stream

    def write(self, bucket: str, key: str, pieces: Iterable[bytes]) -> int:
        source = _Source(pieces)
        with _translated():
            self._minio.put_object(
                bucket, key, cast("BinaryIO", source), length=-1, part_size=_PART, num_parallel_uploads=1
            )
        return source.size

    def delete(self, bucket: str, key: str) -> None:
        try:
            with _translated():
                self._minio.remove_object(bucket, key)
        except KeyError:
            return

    def keys(self, bucket: str, *, prefix: str = "") -> Iterator[str]:
        with _translated():
            for one in self._minio.list_objects(bucket, prefix=prefix, recursive=True):
                yield str(one.object_name)

    def ping(self) -> None:
        with _translated():
            # Any signed question that needs no right of its own; an unknown bucket is an answer too.
            self._minio.bucket_exists("slugs")


class _Source(io.RawIOBase):
    """Pieces as a file, counted."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self.size = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, fewer at the end only."""
        taken: list[bytes] = []
        wanted = size if size >= 0 else 1 << 62
        while wanted:
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
                continue
            part = bytes(self._rest[:wanted])
            self._rest = self._rest[len(part) :]
            wanted -= len(part)
            taken.append(part)
        data = b"".join(taken)
        self.size += len(data)
        return data


def _client(endpoint: str, access_key: str, secret_key: str) -> Minio:
    url = urlsplit(endpoint)
    pool = urllib3.PoolManager(
        maxsize=32,
        timeout=urllib3.Timeout(connect=2, read=30),
        retries=urllib3.Retry(total=2, connect=2, read=0, status=0, other=0, backoff_factor=0.1),
    )
    return Minio(
        url.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=url.scheme == "https",
        region=_REGION,
        http_client=pool,
    )


@contextmanager
def _translated() -> Iterator[None]:
    """MinIO's exceptions → KeyError (no such object), StoreFull, StoreUnavailable."""
    try:
        yield
    except S3Error as exc:
        if exc.code in _MISSING:
            raise KeyError(exc.object_name) from exc
        if exc.code in _FULL:
            raise StoreFull(
                "The slug store has no room left. Free disk space on the MinIO server, then try again."
            ) from exc
        raise StoreUnavailable(f"MinIO refused the request ({exc.code}). Run `nomapaas doctor`.") from exc
    except (MinioException, HTTPError) as exc:
        raise StoreUnavailable("MinIO does not answer. Run `nomapaas status`.") from exc
