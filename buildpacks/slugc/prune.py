"""Takes out of the source what no buildpack should see: what `.slugignore` names, and environments of one machine."""

from __future__ import annotations

import fnmatch
import os
import shutil
from pathlib import Path, PurePosixPath

NAME = ".slugignore"


def virtual_environments(folder: Path) -> list[str]:
    """Removes Python environments that were sent along: they only work on the machine that made them."""
    found = sorted(path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/pyvenv.cfg"))
    for path in found:
        shutil.rmtree(path)
    return [str(path.relative_to(folder)) for path in found]


def slugignore(folder: Path) -> int:
    """Removes the named files and folders; the number of entries removed."""
    listing = folder / NAME
    if not listing.is_file() or listing.is_symlink():
        return 0
    patterns = [line.strip() for line in listing.read_text(errors="replace").splitlines()]
    chosen = [_Pattern(line) for line in patterns if line and not line.startswith(("#", "!"))]
    return _prune(folder, PurePosixPath(), chosen) if chosen else 0


def _prune(root: Path, relative: PurePosixPath, patterns: list[_Pattern]) -> int:
    removed = 0
    for entry in list(os.scandir(root / relative)):
        path = relative / entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if any(pattern.names(path, is_folder=is_folder) for pattern in patterns):
            if is_folder:
                shutil.rmtree(root / path)
            else:
                (root / path).unlink()
            removed += 1
        elif is_folder:
            removed += _prune(root, path, patterns)
    return removed


class _Pattern:
    """One line: with a slash inside it is a path from the top, without one a name anywhere."""

    def __init__(self, line: str) -> None:
        self._folders_only = line.endswith("/")
        text = line.rstrip("/")
        self._anchored = "/" in text
        self._text = text.lstrip("/")

    def names(self, path: PurePosixPath, *, is_folder: bool) -> bool:
        if self._folders_only and not is_folder:
            return False
        subject = str(path) if self._anchored else path.name
        return bool(self._text) and fnmatch.fnmatchcase(subject, self._text)
