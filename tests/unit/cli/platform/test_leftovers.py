"""What a killed Nomad left is found by allocation."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.platform import layout, leftovers, up
from cli.platform.instance import Instance
from cli.platform.leftovers import Leftovers
from cli.platform.up import clear_leftovers

ALLOC = "0f7c5a52-8a5b-4a0c-9d2e-0b8f6f1c2d3e"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """One whose bridge is nobody's: a live platform on this machine has cables on its own."""
    return Instance.from_env({"NOMAPAAS_HOME": str(tmp_path / "h"), "NOMAPAAS_PORT_BASE": "64873"})


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


class FakeNomad:
    """Remembers allocations, and whether they live."""

    def __init__(self, **known: bool) -> None:
        self.known = known

    def allocations(self) -> dict[str, bool]:
        return self.known


class FakeLeftovers:
    """Says what there is, and notes what is asked of it. Those in `ending` are gone at the second look."""

    def __init__(self, *, active: set[str], folders: set[str], ending: set[str]) -> None:
        self._active, self._folders, self._ending = active, folders, ending
        self.ended: set[str] = set()
        self.forgotten: set[str] = set()

    def active(self) -> set[str]:
        seen = self._active | self._ending
        self._ending = set()
        return seen

    def folders(self) -> set[str]:
        return self._folders

    def end(self, allocations: set[str]) -> int:
        self.ended = allocations
        return len(allocations)

    def forget(self, allocations: set[str]) -> None:
        self.forgotten = allocations


def test_up_ends_what_nomad_counts_as_dead_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A living dyno keeps its helpers, one that is just ending ends by itself, a forgotten one loses its folder."""
    monkeypatch.setattr(up, "_ENDING_SECONDS", 0.01)
    left = FakeLeftovers(active={"alive", "dead", "unheard"}, folders={"alive", "dead", "old"}, ending={"ending"})

    clear_leftovers(left, FakeNomad(alive=True, dead=False, ending=False))  # type: ignore[arg-type]

    assert left.ended == {"dead", "unheard"}
    assert left.forgotten == {"old"}
    assert "2 orphaned processes ended" in capsys.readouterr().err


def test_up_says_nothing_of_leftovers_where_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    """The usual case takes no time either."""
    left = FakeLeftovers(active={"alive"}, folders={"alive"}, ending=set())

    clear_leftovers(left, FakeNomad(alive=True))  # type: ignore[arg-type]

    assert left.ended == set()
    assert capsys.readouterr().err == "Clearing up after ended dynos... done\n"
