"""A bounded folder of files."""

from __future__ import annotations

import os
import threading

import pytest

from control.node.store import Store, TooBig


def content(store: Store, name: str) -> bytes | None:
    fd = store.open(name)
    if fd is None:
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read()


def test_file_appears_whole_or_not_at_all(tmp_path):
    """Pieces that break off, a check that fails, a size beyond the limit: the old file stays, nothing lies about."""
    store = Store(tmp_path, limit=1000, largest=100)
    store.put("a", [b"old"])

    def torn():
        yield b"new"
        raise ConnectionError

    def refuse() -> None:
        raise ValueError

    for error, pieces, check in (
        (ConnectionError, torn(), None),
        (ValueError, [b"new"], refuse),
        (TooBig, [b"x" * 60] * 2, None),
    ):
        with pytest.raises(error):
            store.put("a", pieces, check=check)

    assert content(store, "a") == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert content(store, "b") is None


def test_least_recently_used_goes_first(tmp_path):
    """Beyond the limit, what nobody has opened for the longest time makes room; the newest never does."""
    store = Store(tmp_path, limit=250, largest=1000)
    for age, name in enumerate(("a", "b"), start=1):
        store.put(name, [b"x" * 100])
        os.utime(tmp_path / name, (age, age))
    content(store, "a")
    store.put("c", [b"x" * 100])

    assert content(store, "b") is None
    assert content(store, "a") is not None
    store.put("d", [b"x" * 900])
    assert [entry.name for entry in tmp_path.iterdir()] == ["d"]


def test_what_is_kept_outlives_a_restart(tmp_path):
    """A new store has the files of the one before, and who was used when; under a smaller limit the oldest go."""
    before = Store(tmp_path, limit=300, largest=100)
    for age, name in enumerate(("a", "b", "c"), start=1):
        before.put(name, [b"x" * 100])
        os.utime(tmp_path / name, (age, age))
    content(before, "a")

    assert content(Store(tmp_path, limit=300, largest=100), "b") is not None
    os.utime(tmp_path / "b", (2, 2))
    smaller = Store(tmp_path, limit=200, largest=100)
    assert sorted(smaller.sizes()) == ["a", "c"]


def test_removing_twice_is_success(tmp_path):
    """A missing file is gone already."""
    store = Store(tmp_path, limit=10, largest=10)
    store.put("a", [b"x"])
    store.remove("a")
    store.remove("a")

    assert content(store, "a") is None


def test_torn_files_of_a_crash_are_removed(tmp_path):
    """A new store begins clean."""
    (tmp_path / "a.0123.new").write_bytes(b"torn")
    Store(tmp_path, limit=10, largest=10)

    assert list(tmp_path.iterdir()) == []


def test_one_fetches_and_the_others_wait(tmp_path):
    """At most one at a time holds a name; another name is free."""
    store = Store(tmp_path, limit=10, largest=10)
    inside: list[str] = []
    entered = threading.Event()
    leave = threading.Event()

    def hold() -> None:
        with store.one_at_a_time("a"):
            entered.set()
            leave.wait(5)
            inside.append("first")

    def follow() -> None:
        with store.one_at_a_time("a"):
            inside.append("second")

    first = threading.Thread(target=hold)
    first.start()
    entered.wait(5)
    second = threading.Thread(target=follow)
    second.start()
    with store.one_at_a_time("b"):
        assert inside == []
    leave.set()
    first.join()
    second.join()

    assert inside == ["first", "second"]
