"""Reads a Procfile: one `type: command` a line."""

from __future__ import annotations

import re
from pathlib import Path

from .exit_codes import BuildError, ExitCode

_LINE = re.compile(r"(?P<type>[A-Za-z0-9_-]{1,63})\s*:(?P<command>.*)", re.DOTALL)
_MAX_BYTES = 64 * 1024
_LOOKALIKES = ("procfile", "procfile.txt", "profile", "procfiles", "proc file", "procflie", "profcile")


def read(folder: Path) -> dict[str, str] | None:
    """The process types that the app declares; None when it has no Procfile.

    Raises:
        BuildError: A line is not what a Procfile holds; the message names it.
    """
    path = folder / "Procfile"
    if not path.is_file():
        return None
    content = path.read_bytes()
    if len(content) > _MAX_BYTES:
        raise BuildError(ExitCode.PROCFILE_WRONG, "The Procfile is larger than 64 kB: put long commands into a script.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BuildError(ExitCode.PROCFILE_WRONG, "The Procfile is not UTF-8 text: save it as UTF-8.") from exc
    return parse(text)


def parse(text: str) -> dict[str, str]:
    """The process types of a Procfile's text."""
    found: dict[str, str] = {}
    for number, raw in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _wrong(number, f"`{_short(line)}` is not `type: command`, where the type is letters, digits, - and _")
        kind, command = match["type"], match["command"].strip()
        if "\0" in command:
            raise _wrong(number, "the command holds a NUL character, which no command can")
        if not command:
            raise _wrong(number, f"`{kind}` has no command after the colon")
        if kind in found:
            raise _wrong(number, f"`{kind}` is already declared above")
        found[kind] = command
    return found


def lookalike(folder: Path) -> str | None:
    """A file that was probably meant to be the Procfile."""
    for path in sorted(folder.iterdir()):
        if path.name != "Procfile" and path.name.lower() in _LOOKALIKES and path.is_file():
            return path.name
    return None


def _wrong(number: int, what: str) -> BuildError:
    return BuildError(ExitCode.PROCFILE_WRONG, f"Line {number} of the Procfile is wrong: {what}.")


def _short(line: str) -> str:
    shown = "".join(character if character.isprintable() else "?" for character in line)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
