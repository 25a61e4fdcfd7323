"""The digest under which a slug is used again."""

from __future__ import annotations

import hashlib
import hmac
import json

from control.domain.builds import Build
from control.ports.bundle import Ports
from control.services.builds import source_id_of
from control.settings import Settings
from jobs import names


class SourceRejected(Exception):
    """The source is not there, or not the one that was announced; the message is for the user."""


def build_key(ports: Ports, settings: Settings, build: Build, *, config_version: int) -> str | None:
    """Equal for equal source, stack, buildpacks and build env; None for a source that only the build will see.

    Keyed with the signing secret, so that it gives nothing of the config vars away.
    """
    source_id = source_id_of(build.source_url)
    if source_id is None:
        return None
    inputs = {
        "source": _checksum(ports, build, source_id),
        "stack": [build.stack, settings.stack_versions.get(build.stack, "")],
        "stamp": settings.build_stamp,
        "buildpacks": build.buildpacks,
        "config": ports.vault.read(build.app_id, config_version),
    }
    secret = settings.signing_secret.reveal().encode()
    return hmac.new(secret, json.dumps(inputs, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _checksum(ports: Ports, build: Build, source_id: str) -> str:
    digest = hashlib.sha256()
    try:
        for piece in ports.blobs.read(names.SOURCES_BUCKET, names.source_key(source_id)):
            digest.update(piece)
    except KeyError as exc:
        raise SourceRejected("The source of this build was never uploaded; push again.") from exc
    found = digest.hexdigest()
    claimed = (build.source_checksum or "").lower().removeprefix("sha256:")
    if claimed and claimed != found:
        raise SourceRejected("The uploaded source does not have the checksum that was announced; push again.")
    return found
