"""The servers' configuration: what must be in it, and what must not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.platform import render
from cli.platform.instance import Instance

ROOT = Path(__file__).parents[4]
GIVEN = {
    "consul_agent_token": "T1",
    "consul_nomad_token": "T2",
    "host_volumes": "",
    "cni_path": "/cni",
    "host_local": "/cni/host-local",
    "programs": "",
    "checkout": "/checkout",
    "nomapaas": "/checkout/.venv/bin/nomapaas",
}


@pytest.mark.parametrize("path", sorted((ROOT / "nomad").glob("[ap]*/*")), ids=lambda path: path.name)
def test_nothing_is_left_to_be_filled_in(path: Path, instance: Instance) -> None:
    """Every template knows all its names."""
    text = render.template(instance, f"{path.parent.name}/{path.name}", GIVEN)

    assert "@{" not in text
    assert text.strip()


def test_consul_denies_by_default_and_runs_no_scripts(instance: Instance) -> None:
    """A check that runs a program would be code execution for whoever registers a service."""
    text = render.template(instance, "agent/consul.hcl", GIVEN)

    assert 'default_policy             = "deny"'.replace(" ", "") in text.replace(" ", "")
    assert "enable_script_checks       = false" in text
    assert "enable_local_script_checks = false" in text
    assert text.count("127.0.0.1") >= 3
    assert "0.0.0.0" not in text


def test_nomad_runs_exec_alone(instance: Instance) -> None:
    """raw_exec and the container drivers stay off, and jobs may ask for three capabilities at most."""
    text = render.template(instance, "agent/nomad-client.hcl", GIVEN)

    assert '"driver.allowlist"="exec"' in text.replace(" ", "")
    assert 'allow_caps = ["setuid", "setgid", "setpcap"]' in text
    assert "raw_exec" not in text
    assert "disable_file_sandbox = false" in text


def test_a_waiting_dyno_outlives_a_sealed_vault(instance: Instance) -> None:
    """Nomad's templates try for ever."""
    text = render.template(instance, "agent/nomad-client.hcl", GIVEN)

    assert text.count("attempts    = 0") == 3


def test_dynos_cannot_see_each_other_on_the_bridge(instance: Instance) -> None:
    """Port isolation, no hairpin, and leases of the instance's own."""
    conf = json.loads(render.template(instance, "agent/dynos.conflist"))
    bridge = conf["plugins"][1]

    assert conf["name"] == "nomapaas"
    assert bridge["portIsolation"] is True
    assert bridge["hairpinMode"] is False
    assert bridge["ipam"]["dataDir"].startswith(str(instance.home))
    assert bridge["bridge"] == instance.bridge


def test_a_host_volume_is_read_only_unless_said_otherwise() -> None:
    """A forgotten word must not open a folder of the machine."""
    text = render.HostVolume(name="checkout", path=Path("/checkout")).hcl()

    assert 'host_volume "checkout" {' in text
    assert "read_only = true" in text


def test_debians_own_python_needs_no_volume(instance: Instance) -> None:
    """It comes with /usr."""
    programs = {"consul_template": Path("/cache/consul-template/consul-template")}

    own = render.platform_volumes(instance, python_prefix=Path("/usr"), **programs)
    other = render.platform_volumes(instance, python_prefix=Path("/opt/python"), **programs)

    assert "python" not in {volume.name for volume in own}
    assert "python" in {volume.name for volume in other}


def test_the_platform_writes_to_its_own_state_alone(instance: Instance) -> None:
    """Everything else that it mounts is read-only."""
    volumes = render.platform_volumes(
        instance, python_prefix=Path("/usr"), consul_template=Path("/cache/consul-template/consul-template")
    )

    writable = {volume.name for volume in volumes if not volume.read_only}
    assert writable == {"state", "router-state", "router-mesh", "cache-state"}


def test_the_nomad_folder_shadows_no_python_package() -> None:
    """`import nomad` is the SDK, so there is no Python here."""
    assert list((ROOT / "nomad").rglob("*.py")) == []
