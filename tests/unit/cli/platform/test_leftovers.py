"""What a killed Nomad left is found by allocation."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.platform import layout, leftovers
from cli.platform.instance import Instance
from cli.platform.leftovers import Leftovers

ALLOC = "0f7c5a52-8a5b-4a0c-9d2e-0b8f6f1c2d3e"


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cgroup"
    monkeypatch.setattr(leftovers, "_CGROUPS", folder)
    return folder


def test_only_groups_of_this_instances_allocations_are_found(instance: Instance, cgroups: Path) -> None:
    """Another instance's tasks lie beside them in the same parent."""
    (instance.home / "nomad" / "alloc" / ALLOC).mkdir(parents=True)
    own = cgroups / "memory" / "nomad" / f"{ALLOC}.dyno"
    own.mkdir(parents=True)
    (cgroups / "memory" / "nomad" / "11111111-8a5b-4a0c-9d2e-0b8f6f1c2d3e.dyno").mkdir()

    assert list(Leftovers(instance).cgroups()) == [own]


def test_nothing_is_found_where_nomad_never_ran(instance: Instance, cgroups: Path) -> None:
    """`down` may come before any `up` ended."""
    assert Leftovers(instance).allocations() == set()
    assert list(Leftovers(instance).cgroups()) == []


def test_mounts_are_released_from_the_inside_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mount point with another one below it is busy."""
    table = tmp_path / "mountinfo"
    lines = [
        f"1 0 0:1 / {point} rw - tmpfs x x"
        for point in ("/home/p/nomad/alloc", "/home/p/nomad/alloc/a\\040b/secrets", "/home/other", "/home/p2")
    ]
    table.write_text("\n".join(lines))
    monkeypatch.setattr(layout, "MOUNTS", table)

    assert layout.mounts_below(Path("/home/p")) == [
        Path("/home/p/nomad/alloc/a b/secrets"),
        Path("/home/p/nomad/alloc"),
    ]
