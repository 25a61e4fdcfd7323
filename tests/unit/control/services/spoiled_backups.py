"""Backups that somebody cut off, changed, or wrote with another version."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def changed(data: bytes) -> bytes:
    at = data.index(b"slugslug") + 5
    return data[:at] + b"X" + data[at + 1 :]


def without_end(data: bytes) -> bytes:
    return _rewritten(data, lambda name, content: None if name == "sums.json" else content)


def of_the_future(data: bytes) -> bytes:
    def change(name: str, content: bytes) -> bytes:
        return json.dumps({"format": 99}).encode() if name == "manifest.json" else content

    return _rewritten(data, change)


def as_format_2(data: bytes) -> bytes:
    """What the version before would have written."""
    sums: dict[str, str] = {}

    def change(name: str, content: bytes) -> bytes | None:
        if name == "platform.json":
            return None
        if name == "manifest.json":
            content = json.dumps(json.loads(content) | {"format": 2}).encode()
        if name == "sums.json":
            return json.dumps(sums).encode()
        sums[name] = hashlib.sha256(content).hexdigest()
        return content

    return _rewritten(data, change)


def with_a_stranger(data: bytes) -> bytes:
    out = io.BytesIO(data)
    with tarfile.open(fileobj=out, mode="a") as tar:
        tar.addfile(tarfile.TarInfo("../etc/passwd"))
    return out.getvalue()


def _rewritten(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            source = old.extractfile(member)
            assert source is not None
            content = change(member.name, source.read())
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    return out.getvalue()
