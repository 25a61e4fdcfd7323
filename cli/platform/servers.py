"""The servers that nomapaas stands on: versions, where they come from, how they are built."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Archive(StrEnum):
    """How a release is packed."""

    ZIP = "zip"
    TGZ = "tgz"


@dataclass(frozen=True, kw_only=True)
class Release:
    """Where official releases are. `{base}`, `{version}`, `{arch}` are filled in."""

    base: str
    file: str
    sums: str
    archive: Archive


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server, or set of plugins, in the version that this nomapaas was tried with."""

    name: str
    version: str
    package: str
    """Go package that is built; the module is pinned in `nomad/servers/<name>/go.mod`."""
    binaries: tuple[str, ...]
    """File names; more than one only for the CNI plugins."""
    at_least: tuple[int, ...]
    below: tuple[int, ...]
    """The range of versions found on PATH that is accepted."""
    version_pattern: str
    """Finds the version in what `<name> --version` prints."""
    tags: str = ""
    cgo: bool = False
    release: Release | None = None
    minutes: float = 1
    """What a build takes on two cores, for the progress line."""
    extra_packages: tuple[str, ...] = field(default=())

    def accepts(self, printed: str) -> str | None:
        """The version in a program's `--version` output when it is in the supported range."""
        match = re.search(self.version_pattern, printed)
        if match is None:
            return None
        numbers = tuple(int(part) for part in re.split(r"\D+", match.group(1)) if part)
        return match.group(1) if self.at_least <= numbers < self.below else None


def _hashicorp(name: str) -> Release:
    folder = "{base}/" + name + "/{version}/" + name + "_{version}_"
    return Release(
        base="https://releases.hashicorp.com",
        file=folder + "linux_{arch}.zip",
        sums=folder + "SHA256SUMS",
        archive=Archive.ZIP,
    )


_CNI = "github.com/containernetworking/plugins/plugins/"
_CNI_FILE = "{base}/v{version}/cni-plugins-linux-{arch}-v{version}.tgz"

SERVERS: tuple[Server, ...] = (
    Server(
        name="consul-template",
        version="0.43.0",
        package="github.com/hashicorp/consul-template",
        binaries=("consul-template",),
        at_least=(0, 43, 0),
        below=(1,),
        version_pattern=r"consul-template v(\d+\.\d+\.\d+)",
        release=_hashicorp("consul-template"),
        minutes=0.5,
    ),
    Server(
        name="cni",
        version="1.7.1",
        package=_CNI + "main/bridge",
        extra_packages=(_CNI + "main/loopback", _CNI + "ipam/host-local"),
        binaries=("bridge", "loopback", "host-local"),
        at_least=(1, 3),
        below=(2,),
        version_pattern=r"CNI bridge plugin v(\d+\.\d+\.\d+)",
        release=Release(
            base="https://github.com/containernetworking/plugins/releases/download",
            file=_CNI_FILE,
            sums=_CNI_FILE + ".sha256",
            archive=Archive.TGZ,
        ),
        minutes=0.2,
    ),
    Server(
        name="consul",
        version="1.22.6",
        package="github.com/hashicorp/consul",
        binaries=("consul",),
        at_least=(1, 20),
        below=(1, 23),
        version_pattern=r"Consul v(\d+\.\d+\.\d+)",
        release=_hashicorp("consul"),
        minutes=3,
    ),
    Server(
        name="minio",
        version="2026-02-12",
        package="github.com/minio/minio",
        binaries=("minio",),
        at_least=(2025, 1, 1),
        below=(2027,),
        version_pattern=r"RELEASE\.(\d{4}-\d{2}-\d{2})T",
        minutes=2,
    ),
    Server(
        name="vault",
        version="1.21.0",
        package="github.com/hashicorp/vault",
        binaries=("vault",),
        at_least=(1, 18),
        below=(1, 22),
        version_pattern=r"Vault v(\d+\.\d+\.\d+)",
        release=_hashicorp("vault"),
        minutes=3.5,
    ),
    Server(
        name="nomad",
        version="1.11.3",
        package="github.com/hashicorp/nomad",
        binaries=("nomad",),
        at_least=(1, 10),
        below=(1, 12),
        version_pattern=r"Nomad v(\d+\.\d+\.\d+)",
        tags="ui",
        cgo=True,
        release=_hashicorp("nomad"),
        minutes=3.5,
    ),
)
"""In the order in which they are fetched: small ones first, so that a broken network or compiler shows soon."""
