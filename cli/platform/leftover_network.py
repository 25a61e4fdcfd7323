"""What a dyno leaves of its network: its namespace, both ends of its cable, its lease, CNI's record of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cli.platform.commands import attempt
from cli.platform.instance import Instance

_NAMESPACES = Path("/var/run/netns")
_CNI_RESULTS = Path("/var/lib/cni/results")


class DynoNetworks:
    """The networks of one instance's allocations; each namespace has its allocation's name."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._leases = instance.home / "cni-leases" / "nomapaas"

    def allocations(self) -> set[str]:
        """Allocations that hold an address of this instance or hang on its bridge."""
        found = {name for name in self._cables().values() if name}
        if self._leases.is_dir():
            # The first line of a lease is the allocation; the file is named after the address.
            found |= {text.split()[0] for path in self._leases.glob("10.*") if (text := _text(path)).strip()}
        return found

    def remove(self, allocation: str) -> None:
        """Remove what one allocation has; what is missing is success."""
        if (_NAMESPACES / allocation).exists():
            attempt(["ip", "netns", "delete", allocation])
        for path in self._records(lambda text: allocation in text):
            path.unlink(missing_ok=True)

    def cut_loose_cables(self) -> None:
        """Remove the cables on our bridge whose other end is in no namespace that has a name."""
        for cable, name in self._cables().items():
            if name is None:
                attempt(["ip", "link", "delete", "dev", cable])

    def _cables(self) -> dict[str, str | None]:
        """Each interface on our bridge, with the namespace that its other end is in."""
        links = _listed(["ip", "-json", "link", "show", "master", self._instance.bridge])
        # Asked second: a dyno that starts now has its namespace before its cable.
        names = {each["id"]: str(each["name"]) for each in _listed(["ip", "-json", "netns", "list"]) if "id" in each}
        # `ip` gives the name itself where it has looked it up already.
        return {str(link["ifname"]): link.get("link_netns") or names.get(link.get("link_netnsid")) for link in links}

    def _records(self, wanted: Callable[[str], bool]) -> Iterator[Path]:
        for folder, pattern in ((_CNI_RESULTS, "nomapaas-*"), (self._leases, "10.*")):
            if folder.is_dir():
                for path in sorted(folder.glob(pattern)):
                    if wanted(f"{path.name} {_text(path)}"):
                        yield path


def _listed(command: list[str]) -> list[dict[str, Any]]:
    """What `ip -json` prints; it prints nothing at all where there is nothing, and fails where there is no bridge."""
    answer = attempt(command)
    return json.loads(answer.stdout) if answer.returncode == 0 and answer.stdout.strip() else []


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
