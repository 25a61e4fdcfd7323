"""Where this host gets its Debian packages from: apt's own configuration is asked, nothing is guessed."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.platform.stack_errors import StackError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_PASSED_ON = ("Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries")
"""apt settings that say how to reach a mirror. They are used while building and taken out of the result."""


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """A Debian mirror and how the host's apt reaches it."""

    archive: str
    security: str | None
    options: tuple[str, ...] = ()

    def sources(self, suite: str) -> list[str]:
        """`sources.list` lines of a release with its updates."""
        signed = f"[signed-by={KEYRING}]"
        lines = [f"deb {signed} {self.archive} {suite} main", f"deb {signed} {self.archive} {suite}-updates main"]
        if self.security:
            lines.append(f"deb {signed} {self.security} {suite}-security main")
        return lines


def host_mirror(environ: Mapping[str, str] = os.environ) -> Mirror:
    """The mirror of the host's apt; NOMAPAAS_DEBIAN_MIRROR (and …_SECURITY) win over it.

    Raises:
        StackError: The host's apt names no Debian archive.
    """
    options = _options(_lines(["apt-config", "dump"]))
    if archive := environ.get("NOMAPAAS_DEBIAN_MIRROR"):
        return Mirror(archive=archive, security=environ.get("NOMAPAAS_DEBIAN_MIRROR_SECURITY"), options=options)
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    targets = _lines(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages"]
    )
    return from_index_targets(targets, codename, options)


def from_index_targets(targets: list[str], codename: str, options: tuple[str, ...] = ()) -> Mirror:
    """Picks the archive and its security archive out of `apt-get indextargets`."""
    found: dict[str, str] = {}
    for line in targets:
        uri, release, component = [*line.split("|"), "", ""][:3]
        if component == "main":
            found.setdefault(release, uri.rstrip("/"))
    if not codename or codename not in found:
        raise StackError(
            "This host's apt names no Debian archive to build the stack from: set NOMAPAAS_DEBIAN_MIRROR to the URL of "
            "a Debian mirror and run the command again."
        )
    return Mirror(archive=found[codename], security=found.get(f"{codename}-security"), options=options)


def _options(dump: list[str]) -> tuple[str, ...]:
    return tuple(line for line in dump if line.startswith(_PASSED_ON) and not line.endswith(' "";'))


def _lines(command: list[str]) -> list[str]:
    try:
        run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as exc:
        raise StackError(
            f"The stack is built from Debian packages, but `{command[0]}` does not work here ({exc}): run nomapaas on "
            "Debian 12 or newer."
        ) from exc
    return run.stdout.splitlines()
