"""Merging and describing config vars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.domain import config_vars
from control.domain.rules import BrokenRule

KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)
CONFIG = st.dictionaries(KEYS, VALUES, max_size=8)


@given(CONFIG, st.dictionaries(KEYS, st.none() | VALUES, max_size=8))
def test_merge(base: dict[str, str], changes: dict[str, str | None]) -> None:
    """What is set is there, what is removed is not, the rest is untouched, and the base stays as it was."""
    before = dict(base)

    merged = config_vars.merge(base, changes)

    assert base == before
    for key in base.keys() | changes.keys():
        assert merged.get(key) == (changes[key] if key in changes else base[key])


@given(CONFIG, CONFIG)
def test_a_description_shows_no_value(before: dict[str, str], after: dict[str, str]) -> None:
    """A description is made of names; another value of the same names gives the same text."""
    hidden = dict.fromkeys(after, "hunter2")

    assert "hunter2" not in config_vars.describe({}, hidden)
    if before != after:
        assert config_vars.describe(before, after).endswith(" config vars")


def test_descriptions() -> None:
    """Releases read as Heroku's; a long list is cut."""
    assert config_vars.describe({}, {"B": "1", "A": "1"}) == "Set A, B config vars"
    assert config_vars.describe({"A": "1"}, {}) == "Remove A config vars"
    assert config_vars.describe({"A": "1", "B": "1"}, {"B": "2"}) == "Set B and remove A config vars"
    many = {f"K{number:02}": "" for number in range(13)}
    assert config_vars.describe({}, many).endswith("K08, K09 and 3 more config vars")


@pytest.mark.parametrize("value", ["\ud800", "x" * 65_537, "ü" * 40_000, "a\0b"])
def test_values_that_cannot_be(value: str) -> None:
    """Sizes count bytes, and what no environment can hold is refused."""
    with pytest.raises(BrokenRule):
        config_vars.merge({}, {"A": value})


def test_limits_are_inclusive() -> None:
    """Exactly 64 kB is a value."""
    assert config_vars.merge({}, {"A": "x" * 65_536})


def test_a_config_over_the_limit_can_shrink() -> None:
    """Removing always works, whatever there is."""
    base = {f"K{number}": "x" * 65_536 for number in range(3)}

    assert config_vars.merge(base, {"K0": None}).keys() == {"K1", "K2"}
