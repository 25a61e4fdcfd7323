"""Real namespaces, cables and bridges: those of one instance are found and removed, those of another stay."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.platform.instance import Instance
from cli.platform.leftover_network import DynoNetworks

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces are root's to make")

BASE, NEIGHBOUR = 64871, 64872

Plug = Callable[[int], tuple[str, str]]


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def exists(interface: str) -> bool:
    return subprocess.run(["ip", "link", "show", "dev", interface], capture_output=True, check=False).returncode == 0


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    env = {"NOMAPAAS_HOME": str(tmp_path / "home"), "NOMAPAAS_PORT_BASE": str(BASE)}
    return Instance.from_env(env)


@pytest.fixture
def plug() -> Iterator[Plug]:
    """Make a namespace with a cable to an instance's bridge, as CNI does; the namespace and the cable's name."""
    made = []
    for base in (BASE, NEIGHBOUR):
        ip("link", "add", "name", f"nmp{base}", "type", "bridge")

    def begin(base: int) -> tuple[str, str]:
        name = str(uuid.uuid4())
        cable = f"veth{name[:8]}"
        ip("netns", "add", name)
        made.append(name)
        ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", cable, "master", f"nmp{base}")
        return name, cable

    yield begin
    left = ip("netns", "list")
    for name in made:
        if name in left:
            ip("netns", "delete", name)
    for base in (BASE, NEIGHBOUR):
        ip("link", "delete", "dev", f"nmp{base}")


def test_only_what_hangs_on_the_own_bridge_is_found_and_removed(instance: Instance, plug: Plug) -> None:
    """The other instance's dyno keeps its network."""
    name, cable = plug(BASE)
    neighbour, its_cable = plug(NEIGHBOUR)
    networks = DynoNetworks(instance)

    assert networks.allocations() == {name}
    networks.remove(name)
    networks.cut_loose_cables()

    assert name not in ip("netns", "list")
    assert not exists(cable)
    assert neighbour in ip("netns", "list")
    assert exists(its_cable)


def test_a_lease_is_enough_to_know_an_allocation(instance: Instance, plug: Plug) -> None:
    """The address is free again, and the file with the last address stays."""
    name = str(uuid.uuid4())
    leases = instance.home / "cni-leases" / "nomapaas"
    leases.mkdir(parents=True)
    (leases / "10.1.0.2").write_text(f"{name}\r\neth0")
    (leases / "last_reserved_ip.0").write_text("10.1.0.2")
    networks = DynoNetworks(instance)

    assert networks.allocations() == {name}
    networks.remove(name)

    assert [path.name for path in leases.iterdir()] == ["last_reserved_ip.0"]
    assert networks.allocations() == set()


def test_a_cable_whose_namespace_lost_its_name_is_cut(instance: Instance, plug: Plug) -> None:
    """A process that was left keeps the namespace; only the cable says that it is there."""
    name, cable = plug(BASE)
    live, its_cable = plug(BASE)
    with subprocess.Popen(["ip", "netns", "exec", name, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        assert held.stdin is not None
        assert held.stdout is not None
        held.stdin.write(b"in\n")
        held.stdin.flush()
        assert held.stdout.readline() == b"in\n"
        ip("netns", "delete", name)
        assert exists(cable)

        DynoNetworks(instance).cut_loose_cables()

        assert not exists(cable)
        assert exists(its_cable)
        assert live in ip("netns", "list")


def test_without_a_bridge_there_is_nothing(instance: Instance) -> None:
    """`down` may come before any `up` ended."""
    networks = DynoNetworks(instance)
    networks.cut_loose_cables()

    assert networks.allocations() == set()
