"""Files below Nomad's allocation folders, which tenants may write to: opened one folder at a time, no link followed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ALLOCATION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a planted FIFO would hold the opener for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotThere(Exception):
    """There is no such file, or it is not a plain file in plain folders."""


def is_uuid(text: str) -> bool:
    """Whether this is an allocation's or an app's id."""
    return _ALLOCATION.fullmatch(text) is not None


@contextmanager
def folder(root: Path, allocation_id: str, *parts: str) -> Iterator[int]:
    """A descriptor of a folder in an allocation's. Raises NotThere."""
    if not is_uuid(allocation_id):
        raise NotThere(allocation_id)
    held = -1
    try:
        held = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in (allocation_id, *parts):
            below = os.open(part, _FOLDER, dir_fd=held)
            os.close(held)
            held = below
        yield held
    except OSError as exc:
        raise NotThere(allocation_id) from exc
    finally:
        if held >= 0:
            os.close(held)


def open_in(folder_fd: int, name: str, *, owner: int | None = None) -> int:
    """A descriptor of a regular file in a folder. Raises NotThere.

    A second name (hard link) or another owner means that a tenant put it there in place of what should be there.
    """
    try:
        fd = os.open(name, _FILE, dir_fd=folder_fd)
    except OSError as exc:
        raise NotThere(name) from exc
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or owner not in {None, status.st_uid}:
        os.close(fd)
        raise NotThere(name)
    return fd


def open_file(root: Path, allocation_id: str, *parts: str) -> int:
    """A descriptor of a regular file in an allocation's folder. Raises NotThere."""
    with folder(root, allocation_id, *parts[:-1]) as held:
        return open_in(held, parts[-1])


def logs_folder() -> tuple[str, str]:
    """Where Nomad puts what tasks print, below an allocation's folder."""
    return ("alloc", "logs")
