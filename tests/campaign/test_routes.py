"""Every route of the API, given what nobody would send: it does as asked, or answers four hundred and something."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from tests.campaign import target
from tests.campaign.target import KNOWN, Target

_NASTY = (
    *(
        "",
        " ",
        ".",
        "..",
        "../../etc/passwd",
        "%00",
        "\0",
        "\ud800",
        "\u202e",
        "🦄",
        "a" * 70_000,
        "-1",
        "1e400",
        "NaN",
    ),
    *("null", "true", "0x10", "'; DROP TABLE apps; --", "$(id)", "`id`", "${IFS}", "-rf", "--upload-pack=x", "a\nb"),
    *("\x1b[2J", "http://169.254.169.254/", "https://[::1]/x", "https://user:pw@h/x", "file:///etc/passwd", "v1"),
    *(
        "\u0663",
        "\uff11",
        "\u0130",
        "ß",
        "nomapaas-13",
        "heroku/python",
        "2026-01-01T00:00:00Z",
        "SHA256:" + "0" * 64,
        "web=1",
        "+1",
    ),
)
_NUMBERS = (0, 1, -1, 2, 100, 101, 2**31, 2**63, 2**64, 10**30, -(10**30), 0.5, 1e308, True, False)
_HEADERS = ("Request-Id", "X-Http-Method-Override", "If-None-Match", "Last-Event-Id", "Content-Type")
_RANGES = (
    "id ..",
    "id ]..",
    "name ..; max=0",
    "version ..; max=10,order=desc",
    "id a..b; max=",
    "; max=1e9",
    "]..",
    "..",
)


def _rules(made: Target) -> list[tuple[str, str]]:
    rules: list[Rule] = list(made.app.url_map.iter_rules())
    found = ((rule.rule, method) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})
    # What removes things comes last, so that the others find them.
    return sorted(found, key=lambda route: (route[1] == "DELETE", route))


def _values() -> st.SearchStrategy[Any]:
    texts = st.one_of(st.sampled_from(_NASTY), st.sampled_from(KNOWN), st.text(max_size=40))
    leaves = st.one_of(st.none(), texts, st.sampled_from(_NUMBERS))
    names = st.one_of(st.sampled_from(target.fields()), texts)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=5)),
        max_leaves=12,
    )


def _bodies() -> st.SearchStrategy[bytes]:
    known = st.dictionaries(st.sampled_from(target.fields()), _values(), max_size=8)
    made = st.one_of(known, known, known, _values()).map(lambda value: json.dumps(value).encode())
    raw = st.sampled_from(
        (b"", b"[" * 100_000, b'{"a":' * 50_000, b'{"name": NaN}', b'{"name": 1e999}', b"\xff\xfe{}", b'{"a":1,"a":2}',
         b'{"quantity": ' + b"9" * 5000 + b"}", b'"\\ud800"', b'{"name": "\\u0000"}', b"{}" + b" " * (3 << 20))
    )  # fmt: skip
    return st.one_of(made, made, made, raw, st.binary(max_size=60))


_HEADER = st.text(alphabet=string.printable.replace("\r", "").replace("\n", ""), max_size=60)


@pytest.fixture(scope="module")
def made() -> Target:
    """One for all routes: what one example leaves behind is the next one's surprise."""
    return target.make()


def test_no_body_and_no_path_makes_it_fail(
    made: Target, tally: Callable[..., None], effort: Callable[[int, int], int]
) -> None:
    """No answer of five hundred; every refusal is an object with an id and a sentence."""
    rules = _rules(made)
    tally("API routes", "routes with their methods", len(rules))
    names = st.one_of(st.sampled_from(KNOWN), st.sampled_from(_NASTY), st.text(max_size=9))

    @settings(settings.get_profile("campaign"), max_examples=effort(12, 300))
    @given(
        path=st.lists(names, min_size=3, max_size=3),
        body=_bodies(),
        range_=st.one_of(st.none(), st.sampled_from(_RANGES), _HEADER),
        more=st.dictionaries(st.sampled_from(_HEADERS), _HEADER, max_size=2),
    )
    def send(path: list[str], body: bytes, range_: str | None, more: dict[str, str]) -> None:
        nonlocal made
        made = made if made.alive else target.make()
        headers = made.headers | more | ({"Range": range_} if range_ is not None else {})
        for rule, method in rules:
            # The first argument is an app, mostly: half of the time it is one that there is.
            arguments = path if len(body) % 2 else ["fuzzed", *path]
            filled = _filled(rule, [made.fill(argument) for argument in arguments])
            data = made.fill(body.decode("latin-1")).encode("latin-1")
            answer = made.app.test_client().open(filled, method=method, data=data, headers=headers)
            tally("API routes", "requests")
            tally("API routes", f"answered {answer.status_code // 100}xx")
            _judge(answer, f"{method} {rule}")

    send()


def _filled(rule: str, arguments: list[str]) -> str:
    rest = iter(arguments)
    quoted = (quote(each[:3000].encode("utf-8", "surrogatepass"), safe="") for each in rest)
    return "/".join(next(quoted) if part.startswith("<") else part for part in rule.split("/"))


def _judge(answer: Any, route: str) -> None:
    assert answer.status_code < 500, (route, answer.get_data(as_text=True))
    if answer.status_code >= 400:
        said = answer.get_json()
        assert set(said) <= {"id", "message", "resource", "url"}
        assert said["message"].rstrip().endswith((".", "?", "`")), said
        assert answer.status_code != 404 or said["id"] == "not_found"


@pytest.mark.parametrize("header", ["Accept", "Authorization", "Range", "Host", "Cookie", "X-Forwarded-For"])
def test_no_header_makes_it_fail(
    made: Target, header: str, tally: Callable[..., None], effort: Callable[[int, int], int]
) -> None:
    """Whatever a client says of itself."""

    @settings(settings.get_profile("campaign"), max_examples=effort(60, 2_000))
    @given(value=st.one_of(_HEADER, st.binary(max_size=40).map(lambda raw: raw.hex()), st.sampled_from(_RANGES)))
    def send(value: str) -> None:
        answer = made.app.test_client().open("/apps", headers=made.headers | {header: value})
        tally("API headers", "requests")
        _judge(answer, "GET /apps")

    send()
