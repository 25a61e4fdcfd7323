"""Who is put aside for taking too much of the processors, and for how long."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from control.adapters.memory_clock import ManualClock
from control.node.allocations import AllocationState
from control.node.cpu import CpuWatch, idle_seconds

QUIET, FLOOD, THIRD = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
LOOK_S = 0.025
CORES = 2


class Taker:
    """Takes what it is told to, and remembers what was done to it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.aside: list[bool] = []
        self.closed = self.gone = False

    def used(self) -> int:
        if self.gone:
            raise OSError
        return round(self.seconds * 1e9)

    def put_aside(self, *, aside: bool) -> None:
        self.aside.append(aside)

    def close(self) -> None:
        self.closed = True


class Machine:
    """Two processors, dynos, and the watch over them."""

    def __init__(self, shares: dict[str, int]) -> None:
        self.clock = ManualClock()
        self.idle = 0.0
        self.dynos = {key: Taker() for key in shares}
        self.logs = {key: Taker() for key in shares}
        self.asked = 0
        self.watch = CpuWatch(
            Path("/nowhere"),
            clock=self.clock,
            idle=lambda: self.idle,
            group=lambda state: self.dynos.get(state.id),
            log_readers=self._readers,
        )
        for key, weight in shares.items():
            self.watch.update(state(key, weight))
        self.look(0)

    def _readers(self, ids: set[str]) -> dict[str, Taker]:
        self.asked += 1
        return {key: taker for key, taker in self.logs.items() if key in ids}

    def look(self, seconds: float = LOOK_S, *, others: float = 0.0, **takes: float) -> None:
        """Let time pass in which each dyno (or, as `log_…`, its reader) takes so many processors, and look."""
        for name, processors in takes.items():
            taker = self.logs[KEYS[name[4:]]] if name.startswith("log_") else self.dynos[KEYS[name]]
            taker.seconds += processors * seconds
        self.idle += max(0.0, CORES - others - sum(takes.values())) * seconds
        self.clock.advance(seconds or 1)
        self.watch.step()

    def aside(self) -> set[str]:
        return {name for name, key in KEYS.items() if key in self.dynos and self.dynos[key].aside[-1]}


KEYS = {"quiet": QUIET, "flood": FLOOD, "third": THIRD}


def state(key: str, shares: int, *, ended: bool = False) -> AllocationState:
    return AllocationState(
        id=key,
        app_id=key,
        dyno="web.1",
        long_running=True,
        task="dyno",
        ended=ended,
        wanted=True,
        healthy=None,
        deployed=True,
        events=(),
        disk_mb=None,
        cpu_shares=shares,
    )


@pytest.fixture
def machine() -> Machine:
    return Machine({QUIET: 50, FLOOD: 50})


def test_a_flood_is_put_aside_at_the_first_look(machine: Machine) -> None:
    """The neighbour is not, and nothing is written again while that lasts."""
    for _ in range(100):
        machine.look(quiet=0.05, flood=1.95)

    assert machine.aside() == {"flood"}
    assert machine.dynos[FLOOD].aside == [False, True]
    assert machine.dynos[QUIET].aside == [False]


def test_what_has_calmed_for_a_second_gets_its_weight_back(machine: Machine) -> None:
    """Not sooner: a flood that pauses is one."""
    machine.look(flood=1.95, quiet=0.05)
    machine.look(0.9, flood=0.2, quiet=0.05)
    assert machine.aside() == {"flood"}

    machine.look(0.2, flood=0.2, quiet=0.05)
    assert machine.aside() == set()


def test_an_honest_dyno_that_is_busy_keeps_its_weight(machine: Machine) -> None:
    """One processor of two is its part, whatever the neighbour does."""
    for _ in range(50):
        machine.look(quiet=1.0, flood=1.0)

    assert machine.aside() == set()


def test_a_light_dyno_is_never_put_aside(machine: Machine) -> None:
    """Not even where other programs leave next to nothing to the dynos."""
    machine.look(quiet=0.09, flood=0.01, others=1.9)

    assert machine.aside() == set()


def test_what_the_rest_of_the_machine_takes_is_not_divided(machine: Machine) -> None:
    """Half a processor is too much where the dynos have but that."""
    machine.look(quiet=0.04, flood=0.5, others=1.46)

    assert machine.aside() == {"flood"}


def test_parts_go_by_weight() -> None:
    """A larger dyno may take more; nobody may take nearly all."""
    machine = Machine({QUIET: 50, FLOOD: 50, THIRD: 400})

    machine.look(quiet=0.05, flood=0.6, third=1.35)
    assert machine.aside() == {"flood"}
    machine.look(2, quiet=0.05)
    machine.look(quiet=0.05, third=1.9)

    assert machine.aside() == {"third"}


def test_a_reader_of_a_flood_of_lines_is_put_aside_alone(machine: Machine) -> None:
    """Its dyno waits for it with every line, and so comes to rest as well."""
    machine.look(flood=0.4, log_flood=0.6, log_quiet=0.02)

    assert machine.logs[FLOOD].aside == [False, True]
    assert machine.logs[QUIET].aside == [False]
    assert machine.aside() == set()


def test_what_ends_is_let_go(machine: Machine) -> None:
    """By Nomad's word or by the kernel's; a group that came back is found again."""
    before = machine.dynos[FLOOD]
    before.gone = True
    machine.look(quiet=0.05)
    machine.dynos[FLOOD] = Taker()
    machine.watch.update(state(QUIET, 50, ended=True))
    machine.look(1.1)
    machine.look(flood=1.9)

    assert before.closed
    assert machine.dynos[QUIET].closed
    assert machine.logs[QUIET].closed
    assert machine.aside() >= {"flood"}


def test_processes_are_searched_only_for_what_has_none(machine: Machine) -> None:
    """A look through all processes costs something."""
    asked = machine.asked
    machine.look(1.1)
    assert machine.asked == asked

    machine.watch.update(state(THIRD, 50))
    machine.look(0.5)
    machine.look(0.6)
    assert machine.asked == asked + 1
    machine.watch.gone(THIRD)
    machine.look(1.1)
    assert machine.asked == asked + 1


def test_idle_time_of_the_machine(tmp_path: Path) -> None:
    """The second figure of /proc/uptime."""
    (tmp_path / "uptime").write_text("12936.11 4818.36\n")

    assert idle_seconds(tmp_path / "uptime") == 4818.36
