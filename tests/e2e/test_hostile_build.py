"""An app that tries to get out while it is built: the same attacks and floods, from a buildpack's bin/compile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.platform.instance import OFFSETS
from tests.campaign.counts import LONG

pytestmark = pytest.mark.platform

APP = "hostile-build"
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192")
FLOODS = {"fork": 20} | ({"memory": 30, "log": 2, "disk": 60} if LONG else {})
"""Seconds that each may take at most to meet its limit."""
_MOST_OUTPUT = 64 << 20


@pytest.fixture(scope="module")
def hostile(paas: Any) -> Iterator[str]:
    """An app without a release, whose builds are hostile."""
    paas.run("create", APP)
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


@pytest.fixture
def build(paas: Any, hostile: str, folder: Callable[[str], Path]) -> Callable[..., Any]:
    """Push the app as one of the Python buildpack, which runs its hook from bin/compile, and hand it these words."""
    path = folder("hostile")
    (path / "requirements.txt").touch()
    (path / "bin").mkdir()

    def push(*words: object, **files: str) -> Any:
        for name, text in files.items():
            (path / name).write_text(text)
        command = " ".join(map(str, words))
        (path / "bin" / "post_compile").write_text(f"#!/bin/sh\nexec python3 build.py {command}\n")
        return paas.instance.cli("push", "--app", hostile, cwd=path)

    return push


def test_nothing_is_gained_by_a_build(paas: Any, hostile: str, build: Any, tally: Callable[..., None]) -> None:
    """The attacks of the running app and a build's own; nothing of it lives on; its output drives no terminal."""
    done = build("attacks")

    assert done.returncode == 0, done.stdout + done.stderr
    gained = paas.ask(hostile, "/built")["attacks"]
    assert len(gained) >= 26
    assert {name: what for name, what in gained.items() if what is not None} == {}
    assert [each for each in psutil.process_iter() if "hostile-survivor" in _words(each)] == []
    assert "forged" in done.stderr
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", done.stdout + done.stderr) == []
    tally("hostile build", "attacks", len(gained))
    tally("hostile build", "gained", 0)


def test_no_door_is_open_to_a_build(
    paas: Any, hostile: str, build: Any, probe: str, tally: Callable[..., None]
) -> None:
    """The platform's servers at every address of the host, the dynos, cloud metadata."""
    base = int(paas.instance.env["NOMAPAAS_ROUTER_URL"].rsplit(":", 1)[1])
    ports = [22, *(base + offset for offset in OFFSETS.values())]
    doors = [f"{host} {port}" for host in _addresses() for port in ports]
    doors += [f"{host} {port}" for host in METADATA for port in (80, 443)]
    doors.append(f"{paas.ask(probe, '/address')} 5000")

    done = build("reach", "doors", doors="\n".join(doors))

    assert done.returncode == 0, done.stdout + done.stderr
    assert paas.eventually(lambda: paas.ask(hostile, "/built").get("open") is not None)
    assert paas.ask(hostile, "/built") == {"open": []}
    tally("hostile build", "doors tried, by TCP and UDP", len(doors))


def test_a_link_in_place_of_the_slug_is_refused(paas: Any, hostile: str, build: Any) -> None:
    """In a sentence, and the app serves on."""
    before = paas.json("releases", "--app", hostile)[0]["version"]

    done = build("link")

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "slug" in done.stderr
    assert paas.json("releases", "--app", hostile)[0]["version"] == before
    assert paas.get(hostile).status_code == 200


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_in_a_build_drowns_nobody(paas: Any, build: Any, probe: str, kind: str) -> None:
    """It meets its limit, in its own words or in the platform's; the neighbour answers every request meanwhile."""
    answers = []
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(build, "flood", kind, FLOODS[kind])
        while not building.done():
            answers.append(paas.get(probe).status_code)
            wait([building], timeout=0.05)
    done = building.result()

    assert set(answers) == {200}
    _check_it_was_stopped(kind, paas, done)


def _check_it_was_stopped(kind: str, paas: Any, done: Any) -> None:
    """The flood met its limit: in its own words, or in those of the platform."""
    if kind == "log":
        assert done.returncode == 0
        assert len(done.stderr) < _MOST_OUTPUT
    elif done.returncode:
        assert {"memory": "NOMAPAAS_BUILD_MEMORY_MB", "disk": "disk", "fork": "processes"}[kind] in done.stderr
    else:
        said = paas.eventually(lambda: paas.ask(APP, "/built").get("flood"))
        if kind == "fork":
            assert 50 < said["made"] < 5000
            assert said["refused"] > 0
        else:
            assert "killed" in said


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _addresses() -> list[str]:
    """All IPv4 addresses of this machine, the dynos' gateway among them."""
    return sorted(
        {each.address for addresses in psutil.net_if_addrs().values() for each in addresses if "." in each.address}
    )
