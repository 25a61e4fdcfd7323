"""Files that `up` writes: whole or not at all, with the owner and mode they are to have."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
from pathlib import Path
from typing import Any


def user_ids(user: str | None) -> tuple[int, int]:
    """Uid and gid of a unix user; root for None."""
    if user is None:
        return 0, 0
    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def write(path: Path, content: str | bytes, *, mode: int = 0o644, user: str | None = None) -> bool:
    """Replace a file atomically. True if that changed what was there."""
    data = content.encode() if isinstance(content, str) else content
    uid, gid = user_ids(user)
    if not path.is_symlink() and path.is_file() and path.read_bytes() == data:
        os.chown(path, uid, gid)
        path.chmod(mode)
        return False
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chown(temporary, uid, gid)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
    return True


def sync_directory(path: Path) -> None:
    """Make a rename in this directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any, *, mode: int = 0o600, user: str | None = None) -> bool:
    """Write a JSON document, by default for root's eyes only."""
    return write(path, json.dumps(value, indent=2, sort_keys=True) + "\n", mode=mode, user=user)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, or an empty one when there is no such file."""
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return value if isinstance(value, dict) else {}


def directory(path: Path, *, mode: int = 0o755, user: str | None = None, group: str | None = None) -> Path:
    """Make a directory, or give an existing one this owner and mode."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    uid, gid = user_ids(user)
    os.chown(path, uid, user_ids(group)[1] if group else gid)
    path.chmod(mode)
    return path


def link(path: Path, target: Path) -> None:
    """Let a link name another target, in one step: whoever follows it finds the old one or the new one."""
    if path.is_symlink() and path.readlink() == target:
        return
    new = path.with_name(f".{path.name}-new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it; a missing one is success."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
