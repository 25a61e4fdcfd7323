"""Texts as nobody should send them, and what a terminal would obey of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Run = Callable[..., None]
SEEDS = (
    *(
        "a",
        "-rf",
        "--upload-pack=touch x",
        "$(id)",
        "`id`",
        ";id",
        "a\nb",
        "a\x00b",
        "../..",
        "web: x",
        "${NOMAD_ADDR}",
    ),
    *("{{ env `X` }}", "\x1b[2J", "\u202e", "\u2028", "\ud800", "\x85", "heroku[router]: at=info", "=", "#", "'", '"'),
    *("\\", "https://a.test/x.git#-x", "id ]a..; max=1", "version 1..9; max=0, order=desc", "{}", "[]", "NaN", "1e999"),
)
TEXTS = st.one_of(
    st.sampled_from(SEEDS),
    st.text(max_size=60),
    st.lists(st.sampled_from(SEEDS), max_size=5).map("".join),
    st.text("abz09-_./:#=; []\n\r\t$`'\"\\\x00\x1b", max_size=40),
)
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""C0 and C1 controls, and what reorders or hides text."""


@pytest.fixture
def run(effort: Callable[[int, int], int], tally: Callable[..., None], request: pytest.FixtureRequest) -> Run:
    """Gives a function as many examples as this run is for."""
    what = request.node.originalname.removeprefix("test_").replace("_", " ")

    def give(strategy: st.SearchStrategy[Any], take: Callable[[Any], None]) -> None:
        @settings(settings.get_profile("campaign"), max_examples=effort(60, 3_000))
        @given(strategy)
        def each(value: Any) -> None:
            tally("texts", what)
            take(value)

        each()

    return give
