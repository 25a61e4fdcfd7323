"""How far an upload is: a bar on a terminal, else one line."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from cli.output import Console
from cli.text import size

WIDTH = 24


class UploadProgress:
    """`Uploading 3 files (2.1 kB) to ⬢ hello... done`, with a bar meanwhile where there is a terminal."""

    def __init__(self, console: Console, words: str, total: int) -> None:
        self._console = console
        self._words = words
        self._total = total
        self._shown = -1

    def __enter__(self) -> Self:
        if not self._console.err_is_terminal:
            self._console.note(f"{self._words}...")
        return self

    def sent(self, count: int) -> None:
        """So many bytes are on their way."""
        filled = WIDTH * count // max(1, self._total)
        if self._console.err_is_terminal and filled != self._shown:
            self._shown = filled
            bar = "█" * filled + "░" * (WIDTH - filled)
            self._console.redraw(f"{self._words} {bar} {size(count)}")

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._console.err_is_terminal:
            self._console.erase()
        if kind is None:
            self._console.note(f"{self._words}... done" if self._console.err_is_terminal else "Uploaded.")
