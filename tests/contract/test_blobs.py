"""What every blob store promises."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from control.adapters.memory import MemoryBlobs
from control.adapters.minio_blobs import MinioBlobs
from control.ports.blobs import BlobStore
from control.ports.errors import StoreUnavailable

SOON = timedelta(minutes=5)


@dataclass
class Stage:
    blobs: BlobStore
    unavailable: BlobStore
    put: Callable[[str, bytes], Any]
    get: Callable[[str], bytes]


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.platform)])
def stage(request) -> Stage:
    if request.param == "memory":
        twin, down = MemoryBlobs(), MemoryBlobs()
        down.down = True
        return Stage(twin, down, twin.put, twin.get)
    told = request.getfixturevalue("instance").control_secrets
    keys = {"access_key": told["minio_access_key"], "secret_key": told["minio_secret_key"]}
    return Stage(
        MinioBlobs(told["minio_endpoint"], public_endpoint=told["minio_public_endpoint"], **keys),
        MinioBlobs("http://127.0.0.1:9", **keys),
        # httpx sends no Content-Type for bytes, as curl -T does not.
        lambda url, data: httpx.put(url, content=data).raise_for_status(),
        lambda url: httpx.get(url).raise_for_status().content,
    )


@pytest.fixture
def key(stage):
    prefix = f"contract/{secrets.token_hex(6)}"
    yield f"{prefix}/one.tgz"
    for name in list(stage.blobs.keys("slugs", prefix=prefix)):
        stage.blobs.delete("slugs", name)


@pytest.mark.parametrize("size", [0, 1, 70_000, (16 << 20) + 1])
def test_stream_comes_back_unchanged(stage, key, size):
    """Any size, also of several parts; its size is told."""
    data = secrets.token_bytes(64) * (size // 64) + b"x" * (size % 64)
    pieces = (data[at : at + 1_000_003] for at in range(0, len(data), 1_000_003))

    assert stage.blobs.write("slugs", key, pieces) == size
    assert stage.blobs.stat("slugs", key).size == size
    assert b"".join(stage.blobs.read("slugs", key)) == data


def test_stream_that_breaks_off_stores_nothing(stage, key):
    """Whole or not at all: what the pieces raise comes through, and the object is not there, nor is it changed."""

    class Torn(Exception):
        pass

    def torn():
        yield b"x" * (17 << 20)
        raise Torn

    with pytest.raises(Torn):
        stage.blobs.write("slugs", key, torn())
    assert stage.blobs.stat("slugs", key) is None

    stage.blobs.write("slugs", key, [b"old"])
    with pytest.raises(Torn):
        stage.blobs.write("slugs", key, torn())
    assert b"".join(stage.blobs.read("slugs", key)) == b"old"


def test_clients_use_signed_urls(stage, key):
    """A client without credentials puts and gets with the URL alone; it needs no Content-Type."""
    stage.put(stage.blobs.upload_url("slugs", key, expires=SOON), b"source")

    assert stage.get(stage.blobs.download_url("slugs", key, expires=SOON)) == b"source"
    assert b"".join(stage.blobs.read("slugs", key)) == b"source"


def test_missing_object(stage, key):
    """No stat, KeyError on reading, and deleting it is success."""
    assert stage.blobs.stat("slugs", key) is None
    with pytest.raises(KeyError):
        stage.blobs.read("slugs", key)
    stage.blobs.delete("slugs", key)


def test_keys_are_listed_by_prefix(stage, key):
    """Keys below a prefix, none of its neighbours."""
    folder = key.rsplit("/", 1)[0]
    for name in ("a", "b/c"):
        stage.blobs.write("slugs", f"{folder}/{name}", [b"x"])
    stage.blobs.delete("slugs", f"{folder}/a")
    stage.blobs.write("slugs", f"{folder}/d", [b"x"])

    assert sorted(stage.blobs.keys("slugs", prefix=f"{folder}/")) == [f"{folder}/b/c", f"{folder}/d"]


def test_unavailable(stage, key):
    """Without an answer every method but signing raises StoreUnavailable."""
    stage.blobs.ping()
    for ask in (
        stage.unavailable.ping,
        lambda: stage.unavailable.stat("slugs", key),
        lambda: stage.unavailable.read("slugs", key),
        lambda: stage.unavailable.write("slugs", key, [b"x"]),
        lambda: stage.unavailable.delete("slugs", key),
        lambda: list(stage.unavailable.keys("slugs")),
    ):
        with pytest.raises(StoreUnavailable):
            ask()
