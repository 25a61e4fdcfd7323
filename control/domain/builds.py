"""Builds: from a source tarball to a slug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from control.domain.rules import BrokenRule


class BuildStatus(StrEnum):
    """Heroku Platform API v3, `build.status`."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Build:
    """One build. The worker takes pending builds in the order of `created_at`."""

    id: str
    app_id: str
    user_id: str
    status: BuildStatus
    source_url: str
    """An https URL that the build sandbox fetches, or `source:` and the id of an upload (see `upload_url`)."""
    source_checksum: str | None
    """`SHA256:hex` as the client said it, checked against what was uploaded."""
    source_version: str | None
    stack: str
    created_at: datetime
    updated_at: datetime
    source_description: str | None = None
    """Of `source_version`, as the client said it."""
    buildpacks: tuple[str, ...] = ()
    """Names or URLs that the user chose; empty means detect."""
    started_at: datetime | None = None
    """When its Nomad job was submitted; None while it waits in the queue."""
    slug_id: str | None = None
    release_id: str | None = None
    reports: Mapping[str, str] = field(default_factory=dict)
    """What each buildpack's `bin/report` printed, by the buildpack."""
    cancel_requested: bool = False
    failure_message: str | None = None


MAX_VERSION = 200
MAX_DESCRIPTION = 2000
"""Characters."""


def check_version(version: str | None, description: str | None) -> None:
    """Check what a client says of its source. Raises BrokenRule."""
    for name, text, most in (("version", version, MAX_VERSION), ("version_description", description, MAX_DESCRIPTION)):
        if text and len(text) > most:
            raise BrokenRule(f"The source's {name} has {len(text)} characters and may have {most}; send a shorter one.")


_UPLOAD = "source:"


def upload_url(source_id: str) -> str:
    """How `Build.source_url` names an upload that `POST /sources` made room for."""
    return f"{_UPLOAD}{source_id}"


def upload_id(source_url: str) -> str | None:
    """The upload that a `Build.source_url` names; None when it is a URL of the user's."""
    return source_url.removeprefix(_UPLOAD) if source_url.startswith(_UPLOAD) else None
