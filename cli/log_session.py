"""Reading a log session; one that tails is taken up again when its connection breaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from cli.errors import CLIError, ConnectionLostError, StreamUnavailableError
from cli.paths import api_path
from cli.session import Session
from cli.streams import LineBuffer

REMEMBERED = 1500
SILENCE = 120.0
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)


def read_session(session: Session, app: str, wanted: dict[str, Any], *, write: Callable[[str], None]) -> None:
    """Pass on an app's log lines until the server ends them, or for ever with `tail`.

    After a break the recent lines come again; those that were shown are left out (a line has its time in microseconds).
    """
    shown: deque[str] = deque(maxlen=REMEMBERED)
    again: set[str] = set()

    def show(line: str) -> None:
        if line in again:
            again.discard(line)
            return
        shown.append(line)
        write(line)

    failures = 0
    while True:
        buffer = LineBuffer(show)
        made = session.client.post(api_path("apps", app, "log-sessions"), wanted)
        try:
            with session.client.transfers.stream(made["logplex_url"], silence=SILENCE) as chunks:
                for chunk in chunks:
                    failures = 0
                    buffer.feed(chunk)
            buffer.close()
            if not wanted["tail"]:
                return
        except (ConnectionLostError, StreamUnavailableError) as error:
            if not wanted["tail"] or failures >= len(PAUSES):
                raise CLIError(f"The log could not be read to its end: {error.message} Try again.") from error
        session.env.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
        failures += 1
        again = set(shown)
        wanted = {**wanted, "lines": REMEMBERED if shown else wanted["lines"]}
