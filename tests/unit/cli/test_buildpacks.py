"""buildpacks and its verbs."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

PATH = "/apps/hello/buildpack-installations"


def _listed(*urls: str) -> list[dict[str, Any]]:
    return [{"ordinal": n, "buildpack": {"url": url, "name": url}} for n, url in enumerate(urls)]


@pytest.fixture
def chosen(host: Any) -> Any:
    """An app with these buildpacks; what is put is what there is then."""

    def choose(*urls: str) -> None:
        host.on("GET", PATH, _listed(*urls))
        host.add("PUT", PATH, _echo)

    return choose


def _echo(request: httpx.Request) -> httpx.Response:
    updates = json.loads(request.content)["updates"]
    return httpx.Response(200, json=_listed(*(each["buildpack"] for each in updates)))


def _put(host: Any) -> list[str]:
    (body,) = host.bodies("PUT", PATH)
    return [each["buildpack"] for each in body["updates"]]


def test_the_list_is_in_order(cli: Any, chosen: Any) -> None:
    """Numbered, for --index."""
    chosen("heroku/nodejs", "heroku/python")

    assert cli("buildpacks").out == "=== hello Buildpacks\n1. heroku/nodejs\n2. heroku/python\n"
    assert json.loads(cli("buildpacks", "--json").out) == _listed("heroku/nodejs", "heroku/python")


def test_none_is_said(cli: Any, chosen: Any) -> None:
    """On stderr: it is no result."""
    chosen()

    done = cli("buildpacks")

    assert (done.status, done.out) == (0, "")
    assert "has no buildpacks set: builds detect one." in done.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("set", "c"), ["c", "b"]),
        (("set", "c", "--index", "2"), ["a", "c"]),
        (("set", "c", "-i", "9"), ["a", "b", "c"]),
        (("set", "a"), ["a", "b"]),
        (("add", "c"), ["a", "b", "c"]),
        (("add", "c", "--index", "1"), ["c", "a", "b"]),
        (("remove", "a"), ["b"]),
        (("remove", "--index", "2"), ["a"]),
        (("clear",), []),
    ],
)
def test_a_change_puts_the_whole_list(cli: Any, chosen: Any, host: Any, words: Any, expected: Any) -> None:
    """In one request, so that it is all or nothing."""
    chosen("a", "b")
    verb, *rest = words

    done = cli(f"buildpacks:{verb}", *rest)

    assert done.status == 0, done.err
    assert _put(host) == expected
    assert "Build it now: nomapaas push --app hello" in done.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "a"), 1, "hello has the buildpack a already."),
        (("set", "b"), 1, "hello has the buildpack b already."),
        (("remove", "c"), 1, "hello has no buildpack c."),
        (("remove", "--index", "3"), 1, "hello has no buildpack 3, only 2."),
        (("remove",), 2, "Name one buildpack, or give its place"),
        (("remove", "a", "--index", "1"), 2, "Name one buildpack, or give its place"),
        (("set", "c", "--index", "0"), 2, "0 is not in the range"),
    ],
)
def test_a_slip_changes_nothing(cli: Any, chosen: Any, host: Any, words: Any, status: int, said: str) -> None:  # noqa: PLR0917 (a table)
    """One sentence, and no request that changes."""
    chosen("a", "b")
    verb, *rest = words

    done = cli(f"buildpacks:{verb}", *rest)

    assert done.status == status
    assert said in done.err
    assert f"PUT {PATH}" not in host.calls()


def test_what_comes_with_the_platform(cli: Any, host: Any) -> None:
    """As a table, and one by any of its names."""
    python = {
        "name": "heroku/python",
        "language": "Python",
        "fits": "requirements.txt",
        "aliases": ["python"],
        "id": "x",
    }
    host.on("GET", "/buildpacks", [python])
    host.on("GET", "/buildpacks/nomapaas/python", python)

    assert cli("buildpacks:info").out.splitlines()[1].split() == ["heroku/python", "Python", "requirements.txt"]
    assert "Builds:        Python\n" in cli("buildpacks:info", "python").out
    assert json.loads(cli("buildpacks:info", "python", "--json").out) == python
