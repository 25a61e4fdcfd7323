"""What a folder's content is, in one short word: parts restart when the code or configuration they run changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_LEFT_OUT = {"__pycache__", ".venv", ".git"}


def of_files(paths: Iterable[Path]) -> str:
    """A digest over names and contents of these files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.name}\0".encode())
        digest.update(path.read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def of_folders(folders: Iterable[Path], *, suffixes: tuple[str, ...] = ()) -> str:
    """A digest over names and contents of all files in these folders, or of those with such an ending."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not _LEFT_OUT & set(path.parts) and (not suffixes or path.suffix in suffixes):
                digest.update(f"{path.relative_to(folder)}\0".encode())
                digest.update(path.read_bytes())
                digest.update(b"\0")
    return digest.hexdigest()[:16]
