"""Counting failures and requests."""

from __future__ import annotations

from control.adapters.memory import ManualClock
from control.services.throttle import Allowance, Failures


def test_failures_are_forgotten() -> None:
    """A failure counts for the window and no longer; clearing forgets at once."""
    clock = ManualClock()
    failures = Failures(clock, window=10)
    assert failures.admit("a", limit=2)
    clock.advance(6)
    assert failures.admit("a", limit=2)
    assert not failures.admit("a", limit=2)
    assert (failures.count("a"), failures.count("b")) == (2, 0)

    clock.advance(6)
    assert failures.count("a") == 1
    failures.take_back("a")
    assert failures.admit("a", limit=1)
    failures.clear("a")
    assert failures.count("a") == 0


def test_memory_is_bounded() -> None:
    """However many keys fail, only the newest ten thousand are remembered."""
    failures, allowance = Failures(ManualClock()), Allowance(ManualClock(), per_hour=10)
    for number in range(10_050):
        failures.admit(str(number), limit=1)
        allowance.take(str(number))

    assert (failures.count("0"), failures.count("10049")) == (0, 1)
    assert (allowance.remaining("0"), allowance.remaining("10049")) == (10, 9)


def test_an_allowance_refills_evenly() -> None:
    """A used-up allowance comes back bit by bit and never grows beyond its size."""
    clock = ManualClock()
    allowance = Allowance(clock, per_hour=36)
    assert all(allowance.take("a") for _ in range(36))
    assert not allowance.take("a")

    clock.advance(100)
    assert allowance.take("a")
    assert not allowance.take("a")
    clock.advance(99999)
    assert allowance.remaining("a") == 36
