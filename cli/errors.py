"""What can go wrong, as sentences for people. `cli.main` prints them; nothing else does."""

from __future__ import annotations

from typing import Any

from cli.exit_status import ExitStatus


class CLIError(Exception):
    """Raised when a command cannot go on; its message says what is wrong and what to do."""

    exit_status = ExitStatus.ERROR

    def __init__(self, message: str, *, exit_status: ExitStatus | None = None) -> None:
        super().__init__(message)
        self.message = message
        if exit_status is not None:
            self.exit_status = exit_status


class UsageError(CLIError):
    """Raised when the words of a command make no sense together."""

    exit_status = ExitStatus.USAGE


class NotLoggedInError(CLIError):
    """Raised when no API token is to be found."""


class APIUnreachableError(CLIError):
    """Raised when no HTTP answer came from the platform."""


class ConnectionLostError(CLIError):
    """Raised when a stream broke off before its end."""


class StreamUnavailableError(CLIError):
    """Raised when a stream's address answers with an error status."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class APIError(CLIError):
    """Raised when the control API answers with an error; carries its message unchanged."""

    def __init__(self, message: str, *, status: int, error_id: str = "", body: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_id = error_id
        self.body = body


class WorkGoesOnError(CLIError):
    """Raised on ^C when the server goes on with something; its message says with what."""

    exit_status = ExitStatus.INTERRUPTED
