"""Reads what a buildpack's `bin/release` prints: a small, flat kind of YAML, of which two levels are ever used."""

from __future__ import annotations

import json
import re

_TOP = re.compile(r"(?P<key>[A-Za-z_]+):\s*(?P<rest>.*)")
_PAIR = re.compile(r"""\s+(?P<quote>["']?)(?P<key>[A-Za-z0-9_-]+)(?P=quote):(?:\s+(?P<value>.*))?""")


def default_process_types(text: str) -> dict[str, str]:
    """The `default_process_types` of a buildpack."""
    section = ""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#") or line.startswith("---"):
            continue
        if top := _TOP.fullmatch(line):
            section = top["key"]
            if section == "default_process_types":
                found.update(_inline(top["rest"]))
        elif section == "default_process_types" and (pair := _PAIR.fullmatch(line)):
            value = _scalar(pair["value"] or "")
            if value:
                found[pair["key"]] = value
    return found


def _inline(text: str) -> dict[str, str]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(key): str(command) for key, command in value.items()} if isinstance(value, dict) else {}


def _scalar(text: str) -> str:
    value = text.strip()
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) >= 2 and value[0] == value[-1] == '"':
        try:
            return str(json.loads(value))
        except ValueError:
            return value[1:-1]
    return value.split(" #", 1)[0].rstrip()
