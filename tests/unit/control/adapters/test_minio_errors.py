"""MinIO's errors become the port's."""

from __future__ import annotations

import pytest
import urllib3
from minio.error import S3Error

from control.adapters import minio_blobs
from control.ports.errors import StoreFull, StoreUnavailable


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("XMinioStorageFull", StoreFull),
        ("XMinioAdminBucketQuotaExceeded", StoreFull),
        ("NoSuchKey", KeyError),
        ("NoSuchBucket", StoreUnavailable),
        ("AccessDenied", StoreUnavailable),
    ],
)
def test_code_decides(code, error):
    """A full store is told from a missing object and from a refusal."""
    answer = urllib3.HTTPResponse(status=507)
    with pytest.raises(error), minio_blobs._translated():
        raise S3Error(answer, code, "message", "resource", "request", "host", "slugs", "key")


def test_silence_is_unavailable():
    """A connection that fails, or breaks off in the middle of an object."""
    with pytest.raises(StoreUnavailable), minio_blobs._translated():
        raise urllib3.exceptions.ProtocolError("Connection broken")
