"""Following output that a server writes: line by line, across broken connections."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from itertools import chain, repeat
from typing import TYPE_CHECKING

from cli.env import Environment
from cli.errors import ConnectionLostError, StreamUnavailableError

if TYPE_CHECKING:  # it would load the HTTP library
    from cli.transfers import Transfers

PAUSES = (0.15, 0.15, 0.3, 0.6, 1.0)
PATIENCE = 40
"""So many failures in a row, and nobody is there any more."""


class LineBuffer:
    """Bytes in, whole lines of text out."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Pass on the lines that are complete now."""
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._write(line)

    def close(self) -> None:
        """Pass on a last line without an end."""
        rest = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        if rest:
            self._write(rest)


def follow_output(
    transfers: Transfers, env: Environment, url: str, *, write: Callable[[str], None], finished: Callable[[], bool]
) -> bool:
    """Write the lines behind an address until it ends and `finished` agrees; False when it could not be had whole.

    A broken connection is taken up again where it broke. 404 means that nothing was written yet.
    """
    lines = LineBuffer(write)
    offset = failures = 0
    pauses = chain(PAUSES, repeat(PAUSES[-1]))
    while True:
        ended = False
        try:
            with transfers.stream(url, offset=offset) as chunks:
                for chunk in chunks:
                    offset += len(chunk)
                    failures = 0
                    lines.feed(chunk)
            ended = True
            failures = 0
        except ConnectionLostError:
            failures += 1
        except StreamUnavailableError as error:
            failures += 1
            ended = error.status == 404
        if ended and finished():
            lines.close()
            return True
        if failures > PATIENCE:
            lines.close()
            return False
        env.sleep(next(pauses))
