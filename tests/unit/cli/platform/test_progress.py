"""How progress reads."""

from __future__ import annotations

import io

import pytest

from cli.platform.problem import Problem
from cli.platform.progress import step, wait_for


def test_a_step_says_its_words_at_once_and_how_it_ended() -> None:
    """`Starting consul... done`, on one line."""
    out = io.StringIO()

    with step("Starting consul", out):
        assert out.getvalue() == "Starting consul... "

    assert out.getvalue() == "Starting consul... done\n"


def test_a_failed_step_says_so() -> None:
    """The line is finished before the error is told."""
    out = io.StringIO()

    with pytest.raises(Problem), step("Starting consul", out):
        raise Problem("No.")

    assert out.getvalue() == "Starting consul... failed\n"


def test_a_long_step_shows_that_it_is_alive() -> None:
    """A tick has a line of its own, and the end repeats what ended."""
    out = io.StringIO()

    with step("Building nomad", out) as line:
        line.tick("213 packages compiled", every=0)

    assert (
        out.getvalue()
        == "Building nomad... \n       Building nomad: 0 s, 213 packages compiled\nBuilding nomad... done\n"
    )


def test_ticks_do_not_flood() -> None:
    """At most one in the interval."""
    out = io.StringIO()

    with step("Building", out) as line:
        line.tick("one", every=60)
        line.tick("two", every=60)

    assert out.getvalue() == "Building... done\n"


def test_waiting_returns_the_first_true_answer() -> None:
    """What was waited for is of use afterwards."""
    answers = iter([None, "", "leader"])

    assert wait_for(lambda: next(answers), seconds=10, problem="No leader.", pause=0) == "leader"


def test_waiting_ends_with_the_given_sentence() -> None:
    """Every wait has a deadline."""
    with pytest.raises(Problem, match=r"No leader\."):
        wait_for(lambda: None, seconds=0, problem="No leader.", pause=0)
