"""Results of builds are hostile input."""

from __future__ import annotations

import json

import pytest

from control.node.results import MOST_BYTES, parse


def test_a_result_is_read():
    """As the build wrote it."""
    result = {"process_types": {"web": "python app.py"}, "slug_bytes": 1, "app_json": {"env": {"A": {"value": "ä"}}}}

    assert parse(json.dumps(result).encode()) == result


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b'{"\\u0000": 1}',
        b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}",
        b"[" * 200_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "' + b"x" * MOST_BYTES + b'"}',
        b"\xff\xfe",
    ],
)
def test_what_could_not_be_kept_is_no_result(data):
    """Half a surrogate pair would stop whoever encodes it, again and again; a NUL, PostgreSQL."""
    assert parse(data) is None
