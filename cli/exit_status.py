"""What the process ends with."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit codes, as users of Heroku's CLI know them."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_LOGGED_IN = 100
    UNKNOWN_COMMAND = 127
    INTERRUPTED = 130
