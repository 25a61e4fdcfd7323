"""What the platform hands to a build, decoded."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """One build's inputs."""

    source: Path
    cache: Path
    out: Path
    scratch: Path
    app: Path
    own_buildpacks: Path
    source_url: str = ""
    source_version: str = ""
    request_id: str = ""
    stack: str = "heroku-24"
    stack_name: str = "nomapaas-13"
    buildpacks: tuple[str, ...] = ()
    build_env: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    slug_max_bytes: int = 500 * MEGABYTE
    cache_max_bytes: int = 1024 * MEGABYTE
    disk_bytes: int = 4096 * MEGABYTE
    timeout_s: int = 900
    private_fetch: bool = False
    first: bool = False
    """Whether the app was never deployed: then its app.json may say how it is to be set up."""


def read(environ: Mapping[str, str], config: bytes, *, runner: Path) -> Inputs:
    """Decodes the environment of the build job and the config file."""
    return Inputs(
        source=Path("/local/source.tgz"),
        cache=Path("/local/cache.tar"),
        out=Path(environ.get("NOMAD_ALLOC_DIR", "/alloc")) / "out",
        scratch=Path("/tmp"),  # noqa: S108 (the build has a /tmp of its own)
        app=Path("/app"),
        own_buildpacks=runner / "buildpacks",
        source_url=_decoded(environ.get("NOMAPAAS_SOURCE_URL", "")),
        source_version=_decoded(environ.get("NOMAPAAS_SOURCE_VERSION", "")),
        request_id=environ.get("NOMAPAAS_REQUEST_ID", ""),
        stack=environ.get("NOMAPAAS_STACK", "heroku-24"),
        stack_name=environ.get("NOMAPAAS_STACK_NAME", "nomapaas-13"),
        buildpacks=tuple(json.loads(_decoded(environ.get("NOMAPAAS_BUILDPACKS", "")) or "[]")),
        build_env=json.loads(_decoded(environ.get("NOMAPAAS_BUILD_ENV", "")) or "{}"),
        config=parse_config(config),
        slug_max_bytes=int(environ.get("NOMAPAAS_SLUG_MAX_MB", "500")) * MEGABYTE,
        cache_max_bytes=int(environ.get("NOMAPAAS_BUILD_CACHE_MB", "1024")) * MEGABYTE,
        disk_bytes=int(environ.get("NOMAPAAS_BUILD_DISK_MB", "4096")) * MEGABYTE,
        timeout_s=int(environ.get("NOMAPAAS_BUILD_TIMEOUT", "900")),
        private_fetch=environ.get("NOMAPAAS_FETCH_PRIVATE", "") == "1",
        first=environ.get("NOMAPAAS_FIRST_BUILD", "") == "1",
    )


def parse_config(config: bytes) -> dict[str, str]:
    """NUL-separated `NAME=value` pairs, exactly: a value may hold newlines, quotes, `$`."""
    found: dict[str, str] = {}
    for pair in config.split(b"\0"):
        name, equals, value = pair.partition(b"=")
        if equals and name:
            found[os.fsdecode(name)] = os.fsdecode(value)
    return found


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
