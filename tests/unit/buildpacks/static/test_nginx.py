"""The configuration that is made of a static.json; tests/integration/buildpacks serves with it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.static.static_site.globs import to_regex
from buildpacks.static.static_site.nginx import configuration
from buildpacks.static.static_site.site import Header, Redirect, Site


@pytest.mark.parametrize(
    ("pattern", "matches", "does_not"),
    [
        ("/", ["/"], ["/a", ""]),
        ("/**", ["/", "/a", "/a/b.c"], [""]),
        ("/a/*", ["/a/", "/a/b"], ["/a", "/a/b/c"]),
        ("a.html", ["/a.html"], ["/axhtml", "/b/a.html"]),
        ("/a(b)+$", ["/a(b)+$"], ["/ab", "/abb"]),
    ],
)
def test_patterns(pattern, matches, does_not):
    """`*` stays in one folder, `**` does not, anything else means itself."""
    regex = re.compile(to_regex(pattern))

    assert all(regex.search(path) for path in matches)
    assert not any(regex.search(path) for path in does_not)


def test_the_last_pattern_wins_for_a_header():
    """Nginx takes the first that matches, so they are written in reverse, under one name."""
    text = configuration(
        Site(
            headers=(
                Header(pattern="/**", name="Cache-Control", value="no-store"),
                Header(pattern="/a", name="cache-control", value="max-age=1"),
            )
        )
    )

    assert text.index("max-age=1") < text.index("no-store")
    assert text.count("add_header") == 1


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30))
def test_no_value_leaves_its_place(value):
    """Whatever a static.json says, the configuration has the same words outside of quotes."""
    plain = _unquoted(configuration(Site(headers=(Header(pattern="/", name="A", value="x"),))))

    assert _unquoted(configuration(Site(headers=(Header(pattern=value, name="A", value=value),)))) == plain


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30))
def test_no_value_reads_a_variable(url):
    """A `$` of a value is a character: a redirect cannot hand out the dyno's own variables."""
    line = next(
        line
        for line in configuration(Site(redirects=(Redirect(pattern="/", url=url),))).splitlines()
        if "{ return 301" in line
    )

    assert line.split("return 301", 1)[1].replace("${dollar}", "").count("$") == 0


def _unquoted(text: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
