"""Variables from a file: `.env` lines, or a JSON object."""

from __future__ import annotations

import io
import json
from pathlib import Path

from dotenv.parser import parse_stream

from cli.env import Environment
from cli.errors import CLIError


def read_variables(env: Environment, name: str) -> dict[str, str]:
    """The variables in a file; `-` is standard input. `${…}` is left as it is."""
    label = "standard input" if name == "-" else name
    try:
        text = env.stdin.read() if name == "-" else (env.cwd / Path(name)).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CLIError(f"{label} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise CLIError(f"{label} is not UTF-8 text.") from error
    values = _from_json(text, label) if text.lstrip().startswith("{") else _from_lines(text, label)
    if not values:
        raise CLIError(f"{label} holds no variables.")
    return values


def _from_lines(text: str, label: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            raise CLIError(f"Line {binding.original.line} of {label} is not of the form KEY=value. Nothing was set.")
        if binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    return values


def _from_json(text: str, label: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CLIError(f"{label} is no valid JSON ({error}). Nothing was set.") from error
    for key, value in found.items():
        if not isinstance(value, str):
            raise CLIError(f"The value of {key} in {label} is no string. Nothing was set.")
    return dict(found)
