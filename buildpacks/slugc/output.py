"""What a build says, in the form that Heroku's users know. Every line leaves at once."""

from __future__ import annotations

import sys


def step(text: str) -> None:
    """A new step of the build."""
    _line(f"-----> {text}")


def detail(text: str) -> None:
    """Something about the step."""
    for line in text.splitlines():
        _line(f"       {line}".rstrip())


def warning(text: str) -> None:
    """Something that the user should change, though the build goes on."""
    for line in text.splitlines():
        _line(f" !     {line}".rstrip())


def error(text: str) -> None:
    """Why the build failed."""
    _line("")
    warning(text)
    _line("")


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
