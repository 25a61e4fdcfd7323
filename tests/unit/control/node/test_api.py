"""The node agent's API."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import uuid

import pytest

from control.adapters.memory import MemoryBlobs
from control.adapters.memory_clock import ManualClock
from control.node import api
from control.node.activity import ActivityBook
from control.node.crashes import CrashBook
from control.node.disk import DiskWatch
from control.node.freezer import Freezer
from control.node.logbook import Logbook
from control.node.memory import MemoryWatch
from control.node.metrics import MetricsBook
from control.node.metrics_file import MetricsFile
from control.node.refusals import RefusalBook
from control.node.slugs import SlugCache
from control.node.store import Store
from jobs.names import slug_key

APP = str(uuid.UUID(int=1))
ALLOCATION = str(uuid.UUID(int=7))


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "alloc" / ALLOCATION / "alloc" / "out"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def caches(tmp_path):
    return Store(tmp_path / "caches", limit=100, largest=100)


@pytest.fixture
def blobs():
    return MemoryBlobs()


@pytest.fixture
def freezer():
    return Freezer(clock=ManualClock(), find=lambda _: None)


@pytest.fixture
def client(tmp_path, caches, blobs, out, freezer):
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    logbook = Logbook(tmp_path / "applogs", limit=1 << 20)
    app = api.create_app(
        api.Parts(
            allocations=tmp_path / "alloc",
            logbook=logbook,
            crashes=CrashBook(tmp_path / "applogs", tmp_path),
            memory=MemoryWatch(logbook, clock=ManualClock()),
            disk=DiskWatch(tmp_path, logbook, clock=ManualClock()),
            freezer=freezer,
            metrics=MetricsBook(
                MetricsFile(tmp_path / "minutes.db", limit=1 << 20), ActivityBook(ManualClock()), ManualClock()
            ),
            refusals=RefusalBook(ManualClock()),
            caches=caches,
            slugs=SlugCache(blobs, Store(tmp_path / "slugs", limit=1 << 20, largest=1 << 20)),
            clock=ManualClock(),
            health=lambda: {"fine": True},
        )
    )
    made = app.test_client()
    made.environ_base["gunicorn.socket"] = ours
    yield made
    ours.close()
    theirs.close()


def test_the_freezer_waits_for_nomad(client, freezer):
    """An agent that does not know yet what runs says so: it would thaw nothing and call nothing frozen."""
    asked = [("GET", "/frozen"), ("POST", f"/apps/{APP}/freeze"), ("POST", f"/apps/{APP}/thaw")]
    assert {client.open(path, method=method).status_code for method, path in asked} == {503}

    freezer.listed()

    assert [client.open(path, method=method).get_json() for method, path in asked] == [{}, {"frozen": []}, {}]


def test_only_over_the_unix_socket(client):
    """Without a peer whose uid the kernel vouches for there is no answer."""
    assert client.get("/health").get_json() == {"fine": True}

    with socket.socket(socket.AF_INET) as tcp:
        client.environ_base["gunicorn.socket"] = tcp
        assert client.get("/health").status_code == 403
    del client.environ_base["gunicorn.socket"]
    assert client.delete(f"/apps/{APP}").status_code == 403


@pytest.mark.parametrize("uid", [33, 300_005])
def test_only_root_and_the_control_plane(client, monkeypatch, uid):
    """Another user's process is refused even when the socket's permissions let it in."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(api.struct, "unpack", lambda *_: (1, uid, uid))

    answer = client.get(f"/logs?app={APP}")

    assert answer.status_code == 403
    assert "Only root and the control plane" in answer.get_json()["message"]


def test_tail_begins_at_once_and_ends_with_the_app(client):
    """The first piece comes without waiting for a line; a forgotten app's tail ends."""
    client.post("/logs", json={"app": APP, "source": "app", "dyno": "api", "lines": ["one"]})
    answer = client.get(f"/logs?app={APP}&tail=1", buffered=False)
    pieces = iter(answer.response)
    assert next(pieces).endswith(b"app[api]: one\n")

    client.post("/logs", json={"app": APP, "source": "app", "dyno": "api", "lines": ["two"]})
    assert next(pieces).endswith(b"app[api]: two\n")

    client.delete(f"/apps/{APP}")
    assert list(pieces) == []
    answer.close()


def test_slow_reader_is_told_what_it_missed(client):
    """An L11 line with the number of messages, as Heroku's."""
    answer = client.get(f"/logs?app={APP}&tail=1&lines=0", buffered=False)
    pieces = iter(answer.response)
    assert next(pieces) == b"\n"
    lines = [str(number) for number in range(2100)]
    client.post("/logs", json={"app": APP, "source": "app", "dyno": "web.1", "lines": lines})

    got = next(pieces).decode().splitlines()
    assert len(got) == 2001
    assert "heroku[logplex]: Error L11 (Tail buffer overflow) -> This tail session dropped 100 messages" in got[-1]
    answer.close()


def test_result_must_be_a_small_object(client, out):
    """Anything else is as if there were none."""
    path = f"/allocs/{ALLOCATION}/result"
    assert client.get(path).status_code == 404
    for text in ("[]", "{", '{"a": "' + "x" * (256 << 10) + '"}', "[" * 100_000):
        (out / "result.json").write_text(text)
        assert client.get(path).status_code == 404
    (out / "result.json").write_text(json.dumps({"slug_bytes": 1}))
    assert client.get(path).get_json() == {"slug_bytes": 1}


def test_slug_is_a_plain_file_or_nothing(client, out, tmp_path):
    """Links, also hard ones, and FIFOs are not read."""
    path = f"/allocs/{ALLOCATION}/slug"
    (tmp_path / "secret").write_text("root's")
    for plant in (
        lambda: (out / "slug.tgz").symlink_to(tmp_path / "secret"),
        lambda: (out / "slug.tgz").hardlink_to(tmp_path / "secret"),
        lambda: os.mkfifo(out / "slug.tgz"),
    ):
        plant()
        assert client.get(path).status_code == 404
        (out / "slug.tgz").unlink()
    (out / "slug.tgz").write_bytes(b"tgz")
    assert client.get(path).data == b"tgz"


def test_cache_is_kept_if_it_is_not_too_large(client, out, caches):
    """None is fine; one that is too large is refused and the old one stays; forgetting the app removes it."""
    path = f"/allocs/{ALLOCATION}/cache"
    assert client.post(path, json={"app": APP}).get_json() == {"kept": False}
    (out / "cache.tar").write_bytes(b"x" * 50)
    assert client.post(path, json={"app": APP}).get_json() == {"kept": True}
    (out / "cache.tar").write_bytes(b"x" * 500)
    assert client.post(path, json={"app": APP}).status_code == 413
    fd = caches.open(APP)
    assert fd is not None
    assert os.read(fd, 1000) == b"x" * 50
    os.close(fd)

    client.delete(f"/apps/{APP}")
    assert caches.open(APP) is None


def test_a_cache_is_removed_alone(client, out, caches):
    """And where there is none, that is fine."""
    (out / "cache.tar").write_bytes(b"x")
    client.post(f"/allocs/{ALLOCATION}/cache", json={"app": APP})

    assert [client.delete(f"/apps/{APP}/cache").status_code for _ in range(2)] == [200, 200]
    assert caches.open(APP) is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/logs?app=../../etc", None),
        ("GET", f"/logs?app={APP}&lines=-1", None),
        ("GET", f"/logs?app={APP}&lines=many", None),
        ("POST", "/logs", {"app": APP}),
        ("POST", "/logs", {"app": "x", "source": "app", "dyno": "api", "lines": []}),
        ("POST", f"/allocs/{ALLOCATION}/cache", {"app": "../x"}),
        ("DELETE", "/apps/..%2f..", None),
        ("DELETE", "/apps/x/cache", None),
        ("GET", f"/allocs/{ALLOCATION}/output?task=build&offset=x", None),
    ],
)
def test_bad_input_gets_a_sentence(client, method, path, body):
    """A 4xx, never a trace, never a file outside."""
    answer = client.open(path, method=method, json=body)

    assert answer.status_code in {400, 404}
    assert answer.get_json()["message"].endswith(".")


def test_crashes_and_memory_of_an_app(client, tmp_path):
    """Empty for one that has none; a file that is broken is none, too."""
    assert client.get(f"/apps/{APP}/crashes").get_json() == []
    assert client.get(f"/apps/{APP}/memory").get_json() == []

    (tmp_path / "applogs" / APP).mkdir(parents=True)
    (tmp_path / "applogs" / APP / "crashes.json").write_text('[{"dyno": "web.1"')
    assert client.get(f"/apps/{APP}/crashes").get_json() == []


def test_a_slug_is_brought(client, blobs):
    """As often as asked for; one that the blob store lacks is 404, and what is no digest 400."""
    digest = hashlib.sha256(b"slug").hexdigest()
    blobs.write("slugs", slug_key(APP, digest), [b"slug"])

    assert client.post(f"/slugs/{APP}/{digest}").status_code == 200
    blobs.down = True
    assert client.post(f"/slugs/{APP}/{digest}").status_code == 200
    assert client.post(f"/slugs/{APP}/{'0' * 64}").status_code == 502
    blobs.down = False
    assert client.post(f"/slugs/{APP}/{'0' * 64}").status_code == 404
    assert client.post(f"/slugs/{APP}/..%2fx").status_code in {400, 404}
    assert client.post(f"/slugs/x/{digest}").status_code == 400


@pytest.mark.parametrize("query", ["first=1", "first=5&last=4", "first=0&last=3000", "first=0&last=9&step=0"])
def test_metrics_of_a_sane_range(client, query):
    """What is too much, or the wrong way round, is refused."""
    assert client.get(f"/apps/{APP}/metrics?{query}").status_code == 400
    assert client.get("/apps/x/metrics?first=0&last=1").status_code == 400
    assert client.get(f"/apps/{APP}/metrics?first=0&last=1").get_json()["total"]["requests"] == 0
