"""Bytes that a dyno prints → lines."""

from __future__ import annotations

from control.node.lines import MAX_LINE


class Splitter:
    """Cuts a stream at line feeds and carriage returns; a line of more than 10 kB is cut into pieces."""

    def __init__(self) -> None:
        self._rest = b""
        self._after_return = False

    @property
    def held(self) -> int:
        """Bytes that wait for their line's end."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that this data completes."""
        ended = data.endswith(b"\r")
        if self._after_return and data.startswith(b"\n"):
            # CR LF that came in two reads: one end, not two.
            data = data[1:]
        self._after_return = ended
        *whole, self._rest = (self._rest + data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).split(b"\n")
        lines: list[bytes] = []
        for line in whole:
            lines += _pieces(line) if len(line) > MAX_LINE else (line,)
        while len(self._rest) > MAX_LINE:
            lines.append(self._rest[:MAX_LINE])
            self._rest = self._rest[MAX_LINE:]
        return lines

    def skip(self, data: bytes) -> int:
        """The number of lines that this data completes, which are not wanted; the last, unfinished one is kept."""
        count = data.count(b"\n")
        if count:
            self._rest = data[data.rfind(b"\n") + 1 :][:MAX_LINE]
        self._after_return = False
        return count

    def flush(self) -> list[bytes]:
        """The unfinished line, if there is one."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def _pieces(line: bytes) -> list[bytes]:
    return [line[at : at + MAX_LINE] for at in range(0, len(line), MAX_LINE)]
