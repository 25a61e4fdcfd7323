"""stack, stack:set: which stack an app is on, and which its next push is built on."""

from __future__ import annotations

import json

STACKS = [{"name": "nomapaas-13"}, {"name": "nomapaas-12"}]


def app(stack: str, build_stack: str) -> dict[str, dict[str, str]]:
    return {"stack": {"name": stack}, "build_stack": {"name": build_stack}}


def test_a_stack_that_waits_for_the_next_push_is_marked(cli, host):
    """The app runs on the old one until then."""
    host.on("GET", "/apps/hello", app("nomapaas-12", "nomapaas-13"))
    host.on("GET", "/stacks", STACKS)

    result = cli("stack")

    assert result.out == "=== hello Available Stacks\n* nomapaas-12\n  nomapaas-13 (active on the next push)\n"
    assert [(each["current"], each["next"]) for each in json.loads(cli("stack", "--json").out)] == [
        (False, True),
        (True, False),
    ]


def test_stack_set_says_what_is_still_to_do(cli, host):
    """A running app stays as it is."""
    host.on("PATCH", "/apps/hello", app("nomapaas-12", "nomapaas-13"))

    result = cli("stack:set", "nomapaas-13")

    assert host.bodies("PATCH", "/apps/hello") == [{"build_stack": "nomapaas-13"}]
    assert result.err == (
        "Setting stack of ⬢ hello to nomapaas-13... done\n"
        "Push hello again to build it on nomapaas-13; until then it runs on nomapaas-12.\n"
    )


def test_an_app_that_never_was_pushed_needs_no_hint(cli, host):
    """Its stack is the one of its first push."""
    host.on("PATCH", "/apps/hello", app("nomapaas-12", "nomapaas-12"))

    assert cli("stack:set", "nomapaas-12").err == "Setting stack of ⬢ hello to nomapaas-12... done\n"


def test_a_stack_that_there_is_not_is_refused_in_the_apis_words(cli, host):
    """Nothing is changed, and the exit code says so."""
    message = "Stack debian-9 does not exist; choose one of: nomapaas-13, nomapaas-12."
    host.on("PATCH", "/apps/hello", {"id": "invalid_params", "message": message}, status=422)

    result = cli("stack:set", "debian-9")

    assert (result.status, result.out) == (1, "")
    assert message in result.err
