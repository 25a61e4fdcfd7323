"""The whole state as one file, which may be older than this version and from another kind of database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from control.ports.errors import PortError
from control.ports.state import StateStore


class SchemaUnknown(PortError):
    """The file was written by a newer version of nomapaas."""


class StateArchive(Protocol):
    """Copies the state out and in. Every method raises StateUnavailable."""

    def save_to(self, path: Path) -> None:
        """Write everything, as one view sees it, to a new file."""
        ...

    def open(self, path: Path) -> AbstractContextManager[StateStore]:
        """Open such a file, brought forward to this version. Raises SchemaUnknown."""
        ...

    def load_from(self, path: Path) -> None:
        """Replace everything by what the file holds, in one unit of work. Raises SchemaUnknown."""
        ...
