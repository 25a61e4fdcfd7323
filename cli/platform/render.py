"""The servers' configuration, from the templates in `nomad/agent` and `nomad/policies`."""

from __future__ import annotations

import os
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from cli.platform.instance import OFFSETS, Instance


class Template(string.Template):
    """`@{name}`, because HCL and supervisord have uses of their own for `$` and `%`."""

    delimiter = "@"


@dataclass(frozen=True, kw_only=True)
class HostVolume:
    """A folder of this machine that Nomad jobs may ask for by name."""

    name: str
    path: Path
    read_only: bool = True

    def hcl(self) -> str:
        """The stanza of Nomad's client configuration."""
        read_only = str(self.read_only).lower()
        lines = [f'host_volume "{self.name}" {{', f'  path      = "{self.path}"', f"  read_only = {read_only}", "}"]
        return "\n".join(f"  {line}" for line in lines)


def values(instance: Instance) -> dict[str, str]:
    """What templates may name without being given it."""
    gateway = next(instance.subnet.hosts())
    found = {name: str(instance.port(name)) for name in OFFSETS}
    found |= {
        "home": str(instance.home),
        "run": str(instance.run),
        "bind": instance.bind,
        "node_name": instance.node_name,
        "bridge": instance.bridge,
        "cgroup": instance.cgroup,
        "subnet": str(instance.subnet),
        "gateway": str(gateway),
        "dyno_etc": str(instance.dyno_etc),
        "reserved_memory_mb": str(reserved_memory_mb()),
    }
    return found


def template(instance: Instance, name: str, extra: Mapping[str, str] | None = None) -> str:
    """One file of `nomad/`, filled in."""
    text = (instance.checkout / "nomad" / name).read_text()
    return Template(text).substitute(values(instance) | dict(extra or {}))


def reserved_memory_mb() -> int:
    """What the servers themselves need, which Nomad must not promise to dynos: 1 GB, a quarter on small machines."""
    total = psutil.virtual_memory().total >> 20
    return min(1024, total // 4)


def host_volumes(volumes: Iterable[HostVolume]) -> str:
    """All stanzas, for `@{host_volumes}` in nomad.hcl."""
    return "\n\n".join(volume.hcl() for volume in volumes)


def platform_volumes(instance: Instance, *, python_prefix: Path, consul_template: Path) -> list[HostVolume]:
    """What the platform's own jobs mount: the machine's programs, this checkout, its Python, state, secrets."""
    volumes = [
        HostVolume(name=f"host-{part}", path=Path("/") / part)
        for part in ("usr", "bin", "lib", "lib64", "etc")
        if os.path.isdir(f"/{part}")  # noqa: PTH112 - a link to a folder counts
    ]
    if python_prefix != Path("/usr"):
        volumes.append(HostVolume(name="python", path=python_prefix))
    volumes += [
        HostVolume(name="checkout", path=instance.checkout),
        HostVolume(name="consul-template", path=consul_template.parent),
        HostVolume(name="run", path=instance.run),
        HostVolume(name="state", path=instance.home / "state", read_only=False),
        HostVolume(name="control-secrets", path=instance.secrets / "control"),
        HostVolume(name="router-config", path=instance.etc / "router"),
        HostVolume(name="router-secrets", path=instance.secrets / "router"),
        HostVolume(name="router-state", path=instance.home / "router", read_only=False),
        HostVolume(name="router-mesh", path=instance.home / "mesh", read_only=False),
        HostVolume(name="cache-state", path=instance.home / "cache", read_only=False),
        HostVolume(name="runner", path=instance.home / "runner"),
    ]
    return volumes
