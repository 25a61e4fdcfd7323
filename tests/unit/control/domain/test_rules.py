"""Names, quantities, sizes, process types, checksums, e-mail addresses."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.domain.accounts import check_email, token_digest
from control.domain.apps import RESERVED_NAMES, check_name, random_name
from control.domain.builds import upload_id, upload_url
from control.domain.formations import wanted_quantity
from control.domain.rules import BrokenRule
from control.domain.sizes import SIZES, find_size
from control.domain.slugs import check_checksum, check_process_types


@given(st.text(max_size=40))
def test_a_name_is_a_host_label(name: str) -> None:
    """Whatever passes is a lower-case DNS label that nobody else has reserved."""
    try:
        checked = check_name(name)
    except BrokenRule:
        return
    assert checked == name
    assert name.isascii()
    assert name == name.lower()
    assert 3 <= len(name) <= 30
    assert name not in RESERVED_NAMES
    assert name.strip("-") == name


def test_random_names_pass() -> None:
    """A made-up name is always a good one."""
    random = Random(7)  # noqa: S311 - names are no secrets

    assert all(check_name(random_name(random)) for _ in range(500))


@given(st.integers(0, 100), st.text(max_size=8) | st.integers() | st.floats() | st.booleans() | st.none())
def test_quantities_stay_in_their_limits(current: int, asked: object) -> None:
    """Whatever is asked, a quantity is from 0 to the limit, or a sentence."""
    try:
        wanted = wanted_quantity(current, asked, process_type="web", limit=100)
    except BrokenRule as exc:
        assert str(exc).endswith(".")  # noqa: PT017 - both outcomes are right; each has its own promise
        return
    assert 0 <= wanted <= 100


@pytest.mark.parametrize(("asked", "expected"), [(0, 0), (7, 7), ("7", 7), ("+2", 7), ("-5", 0), ("+0", 5), ("007", 7)])
def test_quantities(asked: object, expected: int) -> None:
    """Numbers, texts and changes against five."""
    assert wanted_quantity(5, asked, process_type="web", limit=10) == expected


def test_sizes_in_any_case() -> None:
    """A size is found in any case and is always spelt in lower case."""
    assert find_size("Performance-M") is SIZES["performance-m"]
    for bad in ("huge", "", None, 7):
        with pytest.raises(BrokenRule, match="choose one of: free, basic"):
            find_size(bad)


def test_process_types() -> None:
    """Types are those that a Procfile may have; `release` is one of them."""
    good = {"web": "x", "release": "y", "my-worker_2": "z"}

    assert check_process_types(good) == good
    for bad in (None, [], {}, {"": "x"}, {"a b": "x"}, {"a" * 64: "x"}, {"web": " "}, {"web": None}):
        with pytest.raises(BrokenRule):
            check_process_types(bad)


def test_checksums() -> None:
    """With and without prefix, in any case; nothing is nothing."""
    digest = "0123456789abcdef" * 4

    assert check_checksum(f"SHA256:{digest.upper()}") == check_checksum(digest) == digest
    assert check_checksum(None) is check_checksum("") is None
    for bad in ("SHA256:", digest[1:], f"md5:{digest}", 7, digest + "\n"):
        with pytest.raises(BrokenRule):
            check_checksum(bad)


def test_emails() -> None:
    """Addresses are kept in lower case."""
    assert check_email(" Ada@Example.COM ") == "ada@example.com"
    for bad in ("", "ada", "a@b@c", "a b@c", "@x", "x@", None):
        with pytest.raises(BrokenRule):
            check_email(bad)


def test_uploads() -> None:
    """An upload's address names it; no URL of a user's looks like one."""
    assert upload_id(upload_url("1-2")) == "1-2"
    assert upload_id("https://example.com/source:1-2") is None


def test_token_digests() -> None:
    """A digest is SHA-256, which a random token needs and a password would not do with."""
    assert token_digest("nmp_x") == token_digest("nmp_x") != token_digest("nmp_y")
    assert len(token_digest("nmp_x")) == 64
