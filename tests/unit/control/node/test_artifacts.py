"""What Nomad fetches from the node agent."""

from __future__ import annotations

import hashlib
import uuid

import pytest

from control.adapters.memory import MemoryBlobs
from control.node import artifacts
from control.node.health import HealthProbe
from control.node.slugs import SlugCache
from control.node.store import Store
from control.ports.errors import StoreUnavailable
from jobs.names import slug_key, source_key

APP = str(uuid.UUID(int=1))
SLUG = b"slug" * 100_000
DIGEST = hashlib.sha256(SLUG).hexdigest()


@pytest.fixture
def blobs():
    return MemoryBlobs()


@pytest.fixture
def caches(tmp_path):
    return Store(tmp_path / "caches", limit=1 << 20, largest=1 << 20)


@pytest.fixture
def slugs(blobs, tmp_path):
    return SlugCache(blobs, Store(tmp_path / "slugs", limit=1 << 20, largest=1 << 20))


@pytest.fixture
def client(blobs, caches, slugs):
    return artifacts.create_app(blobs, slugs, caches, HealthProbe("http://nomad", "")).test_client()


def test_slug_needs_minio_once(client, blobs):
    """The first start fetches, later ones are served from disk although MinIO is down."""
    blobs.write("slugs", slug_key(APP, DIGEST), [SLUG])
    assert client.get(f"/slugs/{APP}/{DIGEST}").data == SLUG

    blobs.down = True
    answer = client.get(f"/slugs/{APP}/{DIGEST}")

    assert answer.data == SLUG
    assert answer.headers["Content-Length"] == str(len(SLUG))


def test_a_slug_that_was_brought_needs_no_minio(client, blobs, slugs, tmp_path):
    """Before its first start, also after a restart of the node agent: a wake moves no bytes."""
    blobs.write("slugs", slug_key(APP, DIGEST), [SLUG])
    slugs.keep(APP, DIGEST)
    slugs.keep(APP, DIGEST)
    blobs.down = True

    assert client.get(f"/slugs/{APP}/{DIGEST}").data == SLUG
    after = SlugCache(blobs, Store(tmp_path / "slugs", limit=1 << 20, largest=1 << 20))
    after.keep(APP, DIGEST)
    with pytest.raises(StoreUnavailable):
        after.keep(APP, "0" * 64)


def test_slug_with_another_content_is_refused(client, blobs):
    """What is stored under a digest is checked before any byte is served, and is not kept."""
    blobs.write("slugs", slug_key(APP, DIGEST), [b"something else"])
    answer = client.get(f"/slugs/{APP}/{DIGEST}")

    assert answer.status_code == 502
    assert "another content" in answer.get_json()["message"]

    blobs.write("slugs", slug_key(APP, DIGEST), [SLUG])
    assert client.get(f"/slugs/{APP}/{DIGEST}").data == SLUG


def test_source_is_streamed(client, blobs):
    """As it is; a missing one is 404, a silent MinIO 502."""
    blobs.write("sources", source_key(APP), [b"tarball"])

    assert client.get(f"/sources/{APP}").data == b"tarball"
    assert client.get(f"/sources/{uuid.UUID(int=2)}").status_code == 404
    blobs.down = True
    assert client.get(f"/sources/{APP}").status_code == 502


def test_missing_cache_is_empty(client, caches):
    """A first build has no cache: an empty file; later the kept one."""
    assert (client.get(f"/caches/{APP}").status_code, client.get(f"/caches/{APP}").data) == (200, b"")

    caches.put(APP, [b"wheels"])

    assert client.get(f"/caches/{APP}").data == b"wheels"


@pytest.mark.parametrize(
    "path",
    ["/slugs/x/y", f"/slugs/{APP}/..%2f..%2fetc", f"/sources/{APP}.tgz", "/caches/..", "/", "/logs", "/apps/x"],
)
def test_nothing_else_is_served(client, path):
    """Only ids and digests name files."""
    assert client.get(path).status_code in {404, 308}


def test_only_for_this_machine(client):
    """A foreign host name (a web page that made its name point here) gets nothing."""
    assert client.get(f"/caches/{APP}", headers={"Host": "evil.example:8085"}).status_code == 421
    assert client.post(f"/caches/{APP}").status_code == 405
