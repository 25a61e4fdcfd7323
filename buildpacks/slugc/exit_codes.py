"""How a build can end. The tens digit names the phase, so that a number alone says where to look."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of a build; `docs/buildpacks.md` explains each."""

    OK = 0
    SOURCE_MISSING = 10
    SOURCE_REFUSED = 11
    SOURCE_EMPTY = 12
    SOURCE_TOO_LARGE = 13
    NOTHING_DETECTED = 20
    NOT_COMPATIBLE = 21
    BUILDPACK_UNKNOWN = 22
    BUILDPACK_UNREACHABLE = 23
    PROCFILE_WRONG = 30
    NO_PROCESSES = 31
    APP_JSON_WRONG = 32
    CONFIG_MISSING = 33
    CONTAINERS = 34
    COMPILE_FAILED = 50
    EXPORT_FAILED = 51
    RELEASE_FAILED = 52
    SLUG_TOO_LARGE = 60
    DISK_FULL = 61
    OUT_OF_TIME = 70
    INTERNAL = 80


class BuildError(Exception):
    """Raised with one full sentence for the user when a build cannot go on."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code
