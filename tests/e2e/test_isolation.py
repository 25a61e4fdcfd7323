"""From inside of a dyno: nothing of the host, the platform or another app can be reached."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

pytestmark = pytest.mark.platform

CANARY = "canary-5d41402abc4b2a76b9719d911017c592"


def test_no_privilege(paas: Any, probe: str) -> None:
    """A uid and gid of its own, no capability of any set, no way to gain one."""
    status = paas.ask(probe, "/status")

    uids, gids = set(status["Uid"].split()), set(status["Gid"].split())
    assert len(uids) == len(gids) == 1
    assert int(uids.pop()) >= 300_000
    assert int(gids.pop()) >= 300_000
    assert status["Groups"].split() == []
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[field], 16) == 0, field
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_only_its_own_processes_are_seen(paas: Any, probe: str) -> None:
    """A PID namespace of its own: PID 1 is its init, and there is little else."""
    processes = paas.ask(probe, "/status")["processes"]

    assert processes[0] == 1
    assert len(processes) < 10


@pytest.mark.parametrize(
    "path", ["/etc/x", "/usr/x", "/bin/x", "/lib/x", "/nomapaas/x", "/etc/passwd", "/proc/sys/kernel/core_pattern"]
)
def test_the_stack_is_read_only(paas: Any, probe: str, path: str) -> None:
    """No file of the stack can be written, made or replaced."""
    assert paas.ask(probe, "/write", path=path) != "written"


def test_its_own_folder_can_be_written(paas: Any, probe: str) -> None:
    """The app's folder and /tmp are its own, and ephemeral."""
    assert paas.ask(probe, "/write", path="/app/x") == "written"
    assert paas.ask(probe, "/write", path="/tmp/x") == "written"


def test_user_namespaces_are_closed(paas: Any, probe: str) -> None:
    """The usual way to new privileges."""
    assert paas.ask(probe, "/unshare") != "allowed"


def test_processes_are_limited(paas: Any, probe: str) -> None:
    """A fork bomb ends at the dyno's limit."""
    found = paas.ask(probe, "/fork", count=2000)

    assert 50 < found["made"] < 300
    assert "error" in found


def test_no_control_plane_port_is_reachable(paas: Any, probe: str) -> None:
    """By the gateway, by every address of the host, and by loopback."""
    base = int(paas.instance.env["NOMAPAAS_ROUTER_URL"].rsplit(":", 1)[1])
    own = paas.ask(probe, "/address")
    gateway = ".".join([*own.split(".")[:2], "0", "1"])
    ports = [base + offset for offset in (1, 2, 3, 4, 5, 10, 11, 12, 20, 21, 22, 23, 30, 31)]
    doors = [
        (host, port)
        for host in {gateway, "127.0.0.1", *_host_addresses()}
        for port in ports[:: 1 if host == gateway else 3]
    ]

    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda door: paas.ask(probe, "/connect", host=door[0], port=door[1]), doors)
        open_ones = [door for door, answer in zip(doors, found, strict=True) if answer == "open"]

    assert open_ones == []


def test_no_metadata_address(paas: Any, probe: str) -> None:
    """Cloud metadata lives on a link-local address."""
    assert paas.ask(probe, "/connect", host="169.254.169.254", port=80) != "open"


def test_another_apps_dyno_is_out_of_reach(paas: Any, probe: str) -> None:
    """Two apps on one bridge never hear of each other."""
    source = Path(__file__).parent / "apps" / "probe"
    paas.run("create", "neighbour")
    paas.run("push", "--app", "neighbour", "--dir", str(source))
    address = paas.ask("neighbour", "/address")

    assert paas.ask("neighbour", "/connect", host=address, port=5000) == "open"
    assert paas.ask(probe, "/connect", host=address, port=5000) != "open"
    paas.run("destroy", "--app", "neighbour", "--confirm", "neighbour")


def test_the_environment_holds_nothing_of_the_platform(paas: Any, probe: str) -> None:
    """No token, no address of a server."""
    names = set(paas.ask(probe, "/environment"))

    assert {"PORT", "DYNO", "HOME"} <= names
    assert not [name for name in names if name.startswith(("NOMAD_", "VAULT_", "CONSUL_", "NOMAPAAS_"))]


def test_a_secret_is_found_in_its_dyno_and_nowhere_else(paas: Any) -> None:
    """Not in jobs, the catalogue, the database, logs, events, or any process' command line."""
    source = Path(__file__).parent / "apps" / "probe"
    paas.run("create", "canary")
    paas.run("config:set", f"SECRET={CANARY}", "--app", "canary")
    paas.run("push", "--app", "canary", "--dir", str(source))

    assert paas.ask("canary", "/env", name="SECRET") == CANARY
    assert _places_with(CANARY, paas) == []
    paas.run("destroy", "--app", "canary", "--confirm", "canary")


def test_ld_preload_gains_nothing(paas: Any) -> None:
    """A config var reaches only processes that have no privilege left."""
    source = Path(__file__).parent / "apps" / "probe"
    paas.run("create", "preload")
    paas.run("config:set", "LD_PRELOAD=/app/evil.so", "BASH_ENV=/app/evil.sh", "--app", "preload")
    paas.run("push", "--app", "preload", "--dir", str(source))

    status = paas.ask("preload", "/status")
    assert int(status["CapEff"], 16) == 0
    assert int(status["Uid"].split()[0]) >= 300_000
    assert "/app/evil.so" in paas.ask("preload", "/env", name="LD_PRELOAD")
    paas.run("destroy", "--app", "preload", "--confirm", "preload")


def _host_addresses() -> list[str]:
    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET and not address.address.startswith("127.")
    ]


def _places_with(secret: str, paas: Any) -> list[str]:
    """Every place outside of the dyno where the secret's bytes are found."""
    env = paas.instance.env
    needle = secret.encode()
    nomad = httpx.Client(base_url=env["NOMAD_ADDR"], headers={"X-Nomad-Token": env["NOMAD_TOKEN"]})
    consul = httpx.Client(base_url=env["CONSUL_HTTP_ADDR"], headers={"X-Consul-Token": env["CONSUL_HTTP_TOKEN"]})
    with nomad, consul:
        texts = {
            "jobs": b"".join(
                nomad.get(f"/v1/job/{job['ID']}/versions", params={"namespace": "apps"}).content
                for job in nomad.get("/v1/jobs", params={"namespace": "apps"}).json()
            ),
            "allocations": b"".join(
                nomad.get(f"/v1/allocation/{each['ID']}").content
                for each in nomad.get("/v1/allocations", params={"namespace": "apps"}).json()
            ),
            "kv": consul.get("/v1/kv/", params={"recurse": "true"}).content,
            "services": consul.get("/v1/health/service/nomapaas-dyno").content,
            "logs": paas.run("logs", "--app", "canary", "-n", "1500").encode(),
            "releases": json.dumps(paas.json("releases", "--app", "canary")).encode(),
            "ps": b"\n".join(
                " ".join(process.info["cmdline"] or []).encode() for process in psutil.process_iter(["cmdline"])
            ),
        }
    home = paas.instance.home
    for folder in ("state", "logs", "applogs", "etc", "run"):
        for path in (home / folder).rglob("*"):
            if path.is_file():
                texts[str(path.relative_to(home))] = path.read_bytes()
    return [place for place, text in texts.items() if needle in text]
