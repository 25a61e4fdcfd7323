"""`Cache-Control: no-transform`: the edge compresses nothing of that."""

from __future__ import annotations

import pytest

from tests.integration.router.cache.stage import Answer

TEXT = b"all work and no play " * 200


def page(*cache_control):
    """Text that the edge would compress."""
    headers = {"Content-Type": "text/html", "ETag": '"v1"'}
    return Answer(
        headers=headers | dict(zip(("Cache-Control", "cache-control"), cache_control, strict=False)), body=TEXT
    )


@pytest.mark.parametrize("cached", [True, False], ids=["with a cache", "without"])
@pytest.mark.parametrize(
    ("marks", "packed"),
    [
        (("public, max-age=60",), True),
        (("public, max-age=60, no-transform",), False),
        (("public, max-age=60, No-Transform",), False),
        (("public, max-age=60", "no-transform"), False),
        (("no-transform",), False),
    ],
)
def test_what_must_not_be_transformed_is_not_compressed(make_site, cached, marks, packed):
    """As a miss, as a hit and from the hottest copy: the app's bytes, their length and their strong ETag."""
    site = make_site(page(*marks))
    if not cached:
        del site.table.apps[site.id]["cache"]
        site.table.push()

    for _ in range(5):
        answer = site.get(Accept_Encoding="gzip")
        assert answer.content == TEXT
        assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
        assert answer.headers["etag"] == ('W/"v1"' if packed else '"v1"')
        assert answer.headers.get("content-length") == (None if packed else str(len(TEXT)))
