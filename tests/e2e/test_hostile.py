"""An app that wants to get out: of its privileges, of its folder, of its network, of its share of the machine.

What it tries is in `apps/hostile`. Its floods begin only when the limits that stop them have been seen from outside.
"""

from __future__ import annotations

import io
import json
import re
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cli.platform.instance import OFFSETS
from tests.campaign.counts import LONG

pytestmark = pytest.mark.platform

APP = "hostile"
SOURCE = Path(__file__).parent / "apps" / "hostile"
CGROUPS = Path("/sys/fs/cgroup")
PORT = 5001
"""Where the hostile app itself listens, over TCP and UDP, IPv4 and IPv6."""
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
FLOODS = {"fork": 30, "memory": 30, "log": 2, "disk": 60} | ({"files": 300} if LONG else {})
"""Seconds that each may take at most to meet its limit: half a million files are only made in the long form."""
FORGED = (
    b"\n2026-01-01T00:00:00.000000+00:00 heroku[router]: forged\n",
    b"\rforged heroku[router]: \r\n",
    b"\x0bforged\x0c\x1c\x1d\x1e\xc2\x85forged\xe2\x80\xa8forged\xe2\x80\xa9forged\n",
    b"\x1b[2J\x1b]0;forged\x07\x1b[31m\x9b31m\x1bP\x1b\\forged\n",
    b"\xe2\x80\xae\xe2\x81\xa6forged\xef\xbb\xbf\x08\x08\x7f\xff\xfe\x00forged\n",
    b"forged" + b"x" * 12_000 + b"\n",
)


@pytest.fixture(scope="module")
def hostile(paas: Any) -> Iterator[str]:
    """The hostile app, with two dynos, so that it has a neighbour that listens everywhere."""
    paas.run("create", APP)
    paas.run("push", "--app", APP, "--dir", str(SOURCE))
    yield APP
    paas.run("destroy", "--app", APP, "--confirm", APP)


def test_nothing_is_gained_by_any_attack(paas: Any, hostile: str, tally: Callable[..., None]) -> None:
    """Sockets, ptrace, mounts, namespaces, devices, links among the logs, the host's /proc, Nomad's socket, users."""
    gained = _from(_one(paas, hostile), "/attacks")

    assert len(gained) >= 24
    assert {name: what for name, what in gained.items() if what is not None} == {}
    tally("hostile app", "attacks", len(gained))
    tally("hostile app", "gained", 0)


def test_the_attacks_work_where_they_may() -> None:
    """Those that do no harm, outside of any dyno: a test of attacks that never succeed would prove nothing."""
    program = (
        "import kernel, json; print(json.dumps([kernel.capabilities(), kernel.other_users(), kernel.raw_sockets()]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=SOURCE, capture_output=True, text=True, check=True)

    assert None not in json.loads(done.stdout)


def test_no_door_is_open(paas: Any, hostile: str, probe: str, tally: Callable[..., None]) -> None:
    """The platform's servers at every address of the host, other dynos over both protocols, cloud metadata."""
    paas.run("ps:scale", "web=2", "--app", hostile)
    paas.eventually(lambda: [dyno["state"] for dyno in paas.json("ps", "--app", hostile)] == ["up", "up"])
    own = paas.eventually(lambda: _both(paas, hostile))
    doors = [f"{host} {port}" for host in _host_addresses() for port in (22, 53, *_ports(paas))]
    doors += [f"{host} {port}" for host in METADATA for port in (80, 443)]
    doors += [f"{paas.ask(probe, '/address')} 5000"]
    me, other = own
    doors += [f"{host} {PORT}" for host in (other["four"], *other["six"])]
    found: list[str] = []
    for at in range(0, len(doors), 150):
        found += _from(me, "/reach", doors=",".join(doors[at : at + 150]))
    tally("hostile app", "doors tried, by TCP and UDP", len(doors))
    tally("hostile app", "doors open", 0)

    assert {_from_own(me) for me in own} == {2}
    assert [door for door in found if door not in _resolvers()] == []


def test_a_log_line_cannot_pretend(paas: Any, hostile: str) -> None:
    """Whatever it prints is its own line, and no terminal obeys it."""
    me = _one(paas, hostile)
    for piece in FORGED:
        for at in range(0, len(piece), 2000):
            _from(me, "/say", hex=piece[at : at + 2000].hex())

    def lines() -> Any:
        found = [json.loads(line) for line in paas.run("logs", "--app", hostile, "-n", "300", "--json").splitlines()]
        forged = [line for line in found if "forged" in line["message"]]
        return forged if len(forged) >= len(FORGED) else None

    sources = {(line["source"], line["dyno"].split(".")[0]) for line in paas.eventually(lines)}
    printed = paas.run("logs", "--app", hostile, "-n", "300")

    assert sources - {("heroku", "router")} == {("app", "web")}
    assert all("at=info" in line["message"] for line in lines() if line["source"] == "heroku")
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]", printed) == []


def test_a_posted_slug_meets_the_same_checks(paas: Any, hostile: str) -> None:
    """What was built elsewhere and holds a file outside of the app is not released; the app serves on."""
    env = paas.instance.env
    headers = {
        "Authorization": f"Bearer {env['NOMAPAAS_API_KEY']}",
        "Accept": "application/vnd.heroku+json; version=3",
    }
    with httpx.Client(base_url=env["NOMAPAAS_API_URL"], headers=headers, timeout=60) as api:
        made = api.post(f"/apps/{hostile}/slugs", json={"process_types": {"web": "true"}}).raise_for_status().json()
        httpx.put(made["blob"]["url"], content=_leaving_slug(), timeout=60).raise_for_status()
        api.post(f"/apps/{hostile}/releases", json={"slug": made["id"]}).raise_for_status()

    release = paas.eventually(lambda: _failed(paas, hostile))
    assert "'./app/../../etc/cron.d/x', which is not below ./app/." in release["failure_message"]
    assert paas.get(hostile).status_code == 200


def _leaving_slug() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as slug:
        slug.addfile(tarfile.TarInfo("./app/../../etc/cron.d/x"))
    return file.getvalue()


def _failed(paas: Any, app: str) -> dict[str, Any] | None:
    """The newest release, when it has failed."""
    release = dict(paas.json("releases", "--app", app)[0])
    return release if release["status"] == "failed" else None


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_drowns_nobody_else(paas: Any, hostile: str, probe: str, kind: str, tally: Callable[..., None]) -> None:
    """It meets its limit, the neighbour answers every request meanwhile, and the app itself comes back."""
    seconds = FLOODS[kind]
    me = _one(paas, hostile)
    _limited(paas, hostile)

    assert _from(me, "/flood", kind=kind, seconds=seconds) == "begun"
    answers: list[int] = []

    def over() -> Any:
        answers.append(paas.get(probe).status_code)
        try:
            return _from(me, "/calm", patience=10)
        except httpx.ReadTimeout:
            # Busy, or ended while it was asked; then nobody takes the next connection.
            return None
        except httpx.TransportError:
            # A dyno whose processes are all taken has none left to answer with.
            return None if kind == "fork" else {"dyno": "gone"}

    said = paas.eventually(over, seconds=seconds + 30)
    assert set(answers) == {200}
    assert _stopped(kind, paas, hostile, said)
    tally("hostile app", "floods that met their limit")


def test_who_takes_every_processor_is_put_aside(paas: Any, hostile: str) -> None:
    """While that lasts; then it has its weight again."""
    me = _one(paas, hostile)
    files = _weights(paas, hostile)
    before = [file.read_text() for file in files]

    _from(me, "/flood", kind="spin", seconds=10)

    paas.eventually(lambda: any(file.read_text() == "1\n" for file in files if file.name == "cpu.idle"), seconds=10)
    paas.eventually(lambda: _from(me, "/calm") is not None, seconds=60)
    paas.eventually(lambda: [file.read_text() for file in files] == before)


def _weights(paas: Any, app: str) -> list[Path]:
    """Where the kernel tells each dyno's part of the processors."""
    dynos = {each["id"] for each in paas.json("ps", "--app", app)}
    folders = [folder for dyno in dynos for folder in CGROUPS.glob(f"*/*/{dyno}.*")]
    found = [folder / name for folder in folders for name in ("cpu.idle", "cpu.shares", "cpu.weight")]
    assert any(file.exists() for file in found)
    return [file for file in found if file.exists()]


def _stopped(kind: str, paas: Any, app: str, said: dict[str, Any]) -> bool:
    """Whether the flood met its limit: in its own words, or in those of the platform."""
    if kind == "fork":
        return 50 < said["made"] < 1000 and said["refused"] > 0

    def told(words: str) -> Any:
        return paas.eventually(lambda: words in paas.run("logs", "--app", app, "-n", "1500", "--source", "heroku"))

    if kind == "memory":
        return "killed" in said or "dyno" in said
    return bool(told({"log": "Error L10", "files": "too many files", "disk": "disk quota exceeded"}[kind]))


def _limited(paas: Any, app: str) -> None:
    """Every running dyno of the app has a memory limit and processes without a privilege."""
    env = paas.instance.env
    app_id = paas.json("info", "--app", app)["app"]["id"]
    headers = {"X-Nomad-Token": env["NOMAD_TOKEN"]}
    listed = httpx.get(f"{env['NOMAD_ADDR']}/v1/job/{app_id}/allocations?namespace=apps", headers=headers).json()
    running = [each["ID"] for each in listed if each["ClientStatus"] == "running"]
    assert running
    for allocation in running:
        limits = [*CGROUPS.glob(f"memory/nomad/{allocation}.*/memory.limit_in_bytes")]
        limits += CGROUPS.glob(f"nomad.slice/share.slice/{allocation}.*/memory.max")
        assert [int(limit.read_text()) <= 1 << 30 for limit in limits] == [True]
        (pids,) = [limit.with_name("cgroup.procs").read_text().split() for limit in limits]
        assert pids
        for pid in pids:
            status = Path(f"/proc/{pid}/status").read_text()
            assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
            limit_line = re.search(r"^Max processes\s+(\d+)", Path(f"/proc/{pid}/limits").read_text(), re.MULTILINE)
            assert limit_line
            assert int(limit_line[1]) <= 4096


def _ports(paas: Any) -> list[int]:
    base = int(paas.instance.env["NOMAPAAS_ROUTER_URL"].rsplit(":", 1)[1])
    return [base + offset for offset in OFFSETS.values()]


def _one(paas: Any, app: str) -> dict[str, Any]:
    """The addresses of one dyno of the app that answers."""
    answer = paas.eventually(lambda: _answered(paas, app), seconds=90)
    return dict(answer.json())


def _answered(paas: Any, app: str) -> httpx.Response | None:
    answer = paas.get(app, "/addresses")
    return answer if answer.status_code == 200 else None


def _both(paas: Any, app: str) -> list[dict[str, Any]] | None:
    """The addresses of both dynos, when the router has shown both."""
    found = {one["four"]: one for one in (_one(paas, app) for _ in range(20))}
    return list(found.values()) if len(found) == 2 else None


def _from(me: dict[str, Any], path: str, *, patience: float = 120, **query: object) -> Any:
    """Ask one dyno at its own address, past the router: what it does may take longer than a request may."""
    return httpx.get(f"http://{me['four']}:5000{path}", params=query, timeout=patience).json()


def _from_own(me: dict[str, Any]) -> int:
    """How many of its own doors a dyno finds open: two, or the attack cannot tell an open door."""
    return len(_from(me, "/reach", doors=f"{me['four']} {PORT}"))


def _host_addresses() -> list[str]:
    """All of this machine, the dynos' gateway among them; a link-local one by way of the dyno's own interface."""
    found = {
        each.address.partition("%")[0] + ("%eth0" if "%" in each.address else "")
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family in {socket.AF_INET, socket.AF_INET6}
    }
    return sorted(found)


def _resolvers() -> set[str]:
    """Name servers are the one thing that a dyno may ask."""
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    named = {line.split()[1] for line in lines if line.startswith("nameserver")}
    return {f"{address} 53 {protocol}" for address in named for protocol in ("tcp", "udp")}
