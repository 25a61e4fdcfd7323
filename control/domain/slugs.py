"""Slugs: what a build makes, immutable; and the rules of Procfile types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from control.domain.health_checks import HealthCheck
from control.domain.rules import BrokenRule

TYPE_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,63}")
"""What a Procfile may call a process type."""

RELEASE_TYPE = "release"
"""The process type that runs once before a release goes on the air and is never scaled."""

WEB_TYPE = "web"
"""The process type that the router sends requests to."""

MAX_TYPES = 50
MAX_COMMAND_BYTES = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class Slug:
    """A gzipped tar whose content lies under `./app/`, in the slug store."""

    id: str
    app_id: str
    sha256: str | None
    """Hex digest; None until a slug that was posted by API has been uploaded and checked."""
    size: int | None
    """Bytes."""
    process_types: Mapping[str, str]
    """Procfile type → command."""
    stack: str
    created_at: datetime
    updated_at: datetime
    announced_sha256: str | None = None
    """Hex digest that whoever posted it says it has."""
    commit: str | None = None
    commit_description: str | None = None
    buildpack_provided_description: str | None = None
    build_key: str | None = None
    """Digest over source tree, buildpacks, stack and build env: an equal key means an equal slug."""
    health_check: HealthCheck | None = None
    """What its `app.json` asks for; without one a web dyno is well when it accepts connections."""
    app_json: Mapping[str, Any] | None = None
    """What else of its `app.json` is kept (`Manifest.kept`): names of config vars, never values."""

    @property
    def scalable_types(self) -> dict[str, str]:
        """The process types that can have dynos."""
        return {name: command for name, command in self.process_types.items() if name != RELEASE_TYPE}


def check_process_types(value: object) -> dict[str, str]:
    """Return process types when a slug may have them. Raises BrokenRule."""
    if not isinstance(value, Mapping) or not value:
        raise BrokenRule('A slug needs process_types, a map from type to command such as {"web": "python app.py"}.')
    if len(value) > MAX_TYPES:
        raise BrokenRule(f"A slug may have {MAX_TYPES} process types and this one has {len(value)}.")
    for name, command in value.items():
        if not isinstance(name, str) or TYPE_PATTERN.fullmatch(name) is None:
            raise BrokenRule(
                f"{name!r:.80} cannot be a process type; use 1 to 63 letters, digits, dashes and underscores."
            )
        if not isinstance(command, str) or not command.strip() or "\0" in command:
            raise BrokenRule(f"The process type {name} needs a command, a text that is not empty.")
        if len(command.encode(errors="replace")) > MAX_COMMAND_BYTES:
            raise BrokenRule(
                f"The command of {name} is longer than {MAX_COMMAND_BYTES // 1024} kB; put it in a script."
            )
    return dict(value)


_CHECKSUM = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)


def check_checksum(value: object) -> str | None:
    """Return the hex digest in a checksum such as `SHA256:9f86…`; None stays None. Raises BrokenRule."""
    if value is None or value == "":
        return None
    match = _CHECKSUM.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BrokenRule("A checksum must be `SHA256:` and 64 hexadecimal digits.")
    return match[1].lower()
