"""The tests' own instance, looked at from outside: well, fenced in, bounded, and left alone by a second `up`."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

pytestmark = pytest.mark.platform


def pids(instance: Any) -> dict[str, int]:
    listed = json.loads(instance.cli("status", "--json").stdout)
    return {part["name"]: part["pid"] for part in listed if part["pid"]}


def test_every_part_is_well(instance: Any) -> None:
    """`status` says so, part by part, and ends with 0."""
    done = instance.cli("status", "--json")

    assert done.returncode == 0, done.stdout
    assert {part["name"] for part in json.loads(done.stdout)} >= {
        "consul",
        "vault",
        "minio",
        "nomad",
        "node",
        "edge",
        "control",
    }


def test_doctor_finds_nothing_wrong(instance: Any) -> None:
    """ACLs, isolation by a probe dyno, and all the rest."""
    done = instance.cli("doctor", "--json")

    found = json.loads(done.stdout)
    assert [each for each in found if each["verdict"] == "wrong"] == []
    assert done.returncode == 0
    assert {each["topic"] for each in found} >= {
        "prerequisites",
        "versions",
        "disk",
        "clock",
        "reachability",
        "ACLs",
        "isolation",
    }


def test_a_second_up_restarts_nothing(instance: Any) -> None:
    """Idempotent: the same processes afterwards."""
    before = pids(instance)

    done = instance.cli("up")

    assert done.returncode == 0, done.stderr
    assert pids(instance) == before


def test_a_taken_port_names_who_holds_it(instance: Any) -> None:
    """Another instance on this one's ports starts nothing."""
    home = instance.home.with_name("other")
    done = instance.cli("up", NOMAPAAS_HOME=str(home))

    assert done.returncode == 1
    assert "is held by consul (pid" in done.stderr
    purged = instance.cli(
        "down", "--purge", "--confirm", str(home), NOMAPAAS_HOME=str(home), NOMAPAAS_PORT_BASE="19080"
    )
    assert purged.returncode == 0, purged.stderr
    assert not home.exists()


def test_env_reaches_the_official_tools(instance: Any) -> None:
    """Tokens of `nomapaas env` are taken by Nomad and Consul."""
    env = instance.env

    nomad = httpx.get(f"{env['NOMAD_ADDR']}/v1/jobs?namespace=*", headers={"X-Nomad-Token": env["NOMAD_TOKEN"]})
    consul = httpx.get(f"{env['CONSUL_HTTP_ADDR']}/v1/agent/self", headers={"X-Consul-Token": env["CONSUL_HTTP_TOKEN"]})
    vault = httpx.get(f"{env['VAULT_ADDR']}/v1/sys/health")

    assert (nomad.status_code, consul.status_code, vault.status_code) == (200, 200, 200)


def test_secrets_are_for_their_parts_alone(instance: Any) -> None:
    """No file below secrets is open to group or others, and neither is the folder."""
    secrets = instance.home / "secrets"

    for path in (secrets, *secrets.rglob("*")):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_secret_is_in_a_command_line(instance: Any) -> None:
    """`ps` shows everybody's words to everybody."""
    texts = [path.read_text() for path in (instance.home / "secrets").rglob("*") if path.is_file()]
    known = {word for text in texts for word in text.replace('"', " ").replace(",", " ").split() if len(word) >= 30}
    shown = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]

    assert known
    assert [line for line in shown if any(word in line for word in known)] == []


@pytest.mark.parametrize("name", ["consul", "vault", "minio"])
def test_servers_are_not_root(instance: Any, name: str) -> None:
    """Nomad's client and the node agent have to be; these do not."""
    process = psutil.Process(pids(instance)[name])

    assert process.username() == f"nomapaas-{name}"


def test_the_platforms_own_jobs_have_no_privilege(instance: Any) -> None:
    """Unix users of their own, no capability, no way to one, and not the group 0 that Nomad gives out."""
    home = str(instance.home)
    found = 0
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = " ".join(process.info["cmdline"] or [])
        environ = process.info["environ"] or {}
        if "NOMAD_ALLOC_ID" not in environ or home not in f"{words} {environ}":
            continue
        if environ.get("NOMAD_NAMESPACE") != "platform":
            continue
        found += 1
        status = Path(f"/proc/{process.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert process.username() in {"nomapaas", "nomapaas-router", "nomapaas-cache"}, words
        assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == int(fields["CapBnd"], 16) == 0, words
        assert fields["NoNewPrivs"] == "1"
        assert "0" not in fields["Gid"].split()
    assert found >= 4


def test_the_vault_root_token_is_gone(instance: Any) -> None:
    """What `up` needs it makes from the unseal key, and revokes; no file holds one."""
    texts = [path.read_text() for path in (instance.home / "secrets").rglob("*.json")]

    assert not any('"hvs.' in text or "root_token" in text for text in texts)


def test_the_bridge_has_no_ipv6(instance: Any) -> None:
    """Nothing of the fence is written for it."""
    base = instance.env["NOMAPAAS_PORT_BASE"]

    assert Path(f"/proc/sys/net/ipv6/conf/nmp{base}/disable_ipv6").read_text().strip() == "1"
    assert (
        subprocess.run(["ip", "-6", "address", "show", "dev", f"nmp{base}"], capture_output=True, check=True).stdout
        == b""
    )
