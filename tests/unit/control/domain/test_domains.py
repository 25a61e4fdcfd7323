"""Which names an app may ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.domain.domains import check_hostname, normalized, readable, wildcards_over
from control.domain.rules import BrokenRule


@pytest.mark.parametrize(
    ("given_name", "stored"),
    [
        ("www.example.com", "www.example.com"),
        (" WWW.Example.COM. ", "www.example.com"),
        ("example.co.uk", "example.co.uk"),
        ("*.example.com", "*.example.com"),
        ("*.Bücher.example", "*.xn--bcher-kva.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("localhost.example.com", "localhost.example.com"),
    ],
)
def test_a_name_has_one_spelling(given_name: str, stored: str) -> None:
    """Lower case, Punycode, no dot at the end; wildcards too."""
    assert check_hostname(given_name, zone="localhost") == stored


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("apps.example.com", "own zone"),
        ("x.apps.example.com", "own zone"),
        ("*.apps.example.com", "own zone"),
        ("*.example.com", "own zone"),
        ("co.uk", "public suffix"),
        ("*.co.uk", "public suffix"),
        ("github.io", "public suffix"),
        ("intranet", "public suffix"),
        ("192.0.2.1", "address"),
        ("", "not a host name"),
        ("*", "not a host name"),
        ("a.*.example.org", "not a host name"),
        ("*.*.example.org", "not a host name"),
        ("www.example.org:443", "not a host name"),
        ("https://example.org", "not a host name"),
        ("-a.example.org", "not a host name"),
        ("a_b.example.org", "not a host name"),
        ("a..example.org", "not a host name"),
        ("[::1]", "not a host name"),
        ("a." * 130 + "org", "not a host name"),
        (7, "not a host name"),
        (None, "not a host name"),
    ],
)
def test_what_no_app_may_have(name: object, reason: str) -> None:
    """Each is refused with one sentence that says why."""
    with pytest.raises(BrokenRule, match=reason) as error:
        check_hostname(name, zone="apps.example.com")

    assert str(error.value).endswith(".")


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    """What is taken is ASCII that the router takes, and stays itself when it is given again."""
    try:
        name = normalized(text)
    except BrokenRule:
        return

    assert name == normalized(name)
    assert set(name.removeprefix("*.")) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")


def test_people_read_letters() -> None:
    """Punycode is shown as what it stands for."""
    assert readable("*.xn--bcher-kva.example") == "*.bücher.example"


def test_the_wildcards_over_a_name() -> None:
    """The nearest first; a wildcard stands for itself."""
    assert wildcards_over("a.b.c") == ("*.b.c", "*.c")
    assert wildcards_over("*.b.c") == ("*.b.c", "*.c")
