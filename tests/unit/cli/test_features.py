"""features and its verbs."""

from __future__ import annotations

import json
from typing import Any

import pytest

PATH = "/apps/hello/features"
AFFINITY = {"name": "http-session-affinity", "enabled": True, "description": "Sessions stay."}
OTHER = {"name": "http-disable-keepalive-to-dyno", "enabled": False, "description": "No keep-alive."}


def test_the_list_says_what_is_on(cli: Any, host: Any) -> None:
    """A mark before each that is."""
    host.on("GET", PATH, [OTHER, AFFINITY])

    lines = cli("features").out.splitlines()

    assert lines[0] == "=== hello Features"
    assert lines[1].startswith("[ ] http-disable-keepalive-to-dyno ")
    assert lines[2].startswith("[+] http-session-affinity ")
    assert json.loads(cli("features", "--json").out) == [OTHER, AFFINITY]


def test_one_is_shown(cli: Any, host: Any) -> None:
    """What it does, and whether it does."""
    host.on("GET", f"{PATH}/http-session-affinity", AFFINITY)

    done = cli("features:info", "http-session-affinity")

    assert done.out == "=== http-session-affinity\nDescription: Sessions stay.\nEnabled:     yes\n"


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_one_is_switched(cli: Any, host: Any, verb: str) -> None:
    """By its name."""
    host.on("PATCH", f"{PATH}/http-session-affinity", AFFINITY)

    done = cli(f"features:{verb}", "http-session-affinity")

    assert done.status == 0
    assert host.bodies("PATCH", f"{PATH}/http-session-affinity") == [{"enabled": verb == "enable"}]
