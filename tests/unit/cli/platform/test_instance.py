"""Which settings make which instance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.platform.instance import OFFSETS, Instance
from cli.platform.problem import Problem


def test_defaults_are_the_documented_ones() -> None:
    """Without any setting the router listens on port 8080 and data lies in /var/lib/nomapaas."""
    # Empty ones, for the machine may have an instance there that remembers others.
    names = ("HOME", "CACHE", "PORT_BASE", "BIND", "PUBLIC_HOST", "DOMAIN")
    instance = Instance.from_env({f"NOMAPAAS_{name}": "" for name in names})

    assert instance.home == Path("/var/lib/nomapaas")
    assert instance.cache == Path("/var/cache/nomapaas")
    assert instance.public_url("router") == "http://127.0.0.1:8080"
    assert instance.public_url("api") == "http://127.0.0.1:8081"
    assert instance.domain == "localhost"


def test_two_instances_share_no_name_and_no_port() -> None:
    """What the kernel knows by name or number is made from the port base."""
    one, other = (Instance.from_env({"NOMAPAAS_PORT_BASE": base}) for base in ("8080", "9000"))

    for name in ("bridge", "chain", "subnet", "cgroup", "node_name"):
        assert getattr(one, name) != getattr(other, name)
    assert not one.subnet.overlaps(other.subnet)
    assert not {one.port(name) for name in OFFSETS} & {other.port(name) for name in OFFSETS}


def test_interface_names_fit_the_kernel() -> None:
    """A bridge's name has at most 15 characters, a chain's at most 28."""
    instance = Instance.from_env({"NOMAPAAS_PORT_BASE": "65000"})

    assert len(instance.bridge) <= 15
    assert len(f"{instance.chain}-NAT") <= 28


def test_parts_reach_what_listens_everywhere_through_loopback() -> None:
    """0.0.0.0 is no address to connect to."""
    assert Instance.from_env({"NOMAPAAS_BIND": "0.0.0.0"}).inside_url("api") == "http://127.0.0.1:8081"
    assert Instance.from_env({"NOMAPAAS_BIND": "192.0.2.7"}).inside_url("api") == "http://192.0.2.7:8081"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOMAPAAS_HOME", "relative/path"),
        ("NOMAPAAS_HOME", "/"),
        ("NOMAPAAS_HOME", "/data"),
        ("NOMAPAAS_HOME", "/var/lib/../../etc/x"),
        ("NOMAPAAS_HOME", '/var/lib/no"ma'),
        ("NOMAPAAS_HOME", "/var/lib/" + "x" * 90),
        ("NOMAPAAS_CACHE", "cache"),
        ("NOMAPAAS_PORT_BASE", "80"),
        ("NOMAPAAS_PORT_BASE", "65530"),
        ("NOMAPAAS_PORT_BASE", "-1"),
        ("NOMAPAAS_PORT_BASE", "many"),
        ("NOMAPAAS_BIND", "localhost"),
        ("NOMAPAAS_BIND", "::1"),
        ("NOMAPAAS_DOMAIN", "not a domain"),
        ("NOMAPAAS_DOMAIN", "-x.example.org"),
        ("NOMAPAAS_PUBLIC_HOST", "a/b"),
        ("NOMAPAAS_ALLOW_CIDRS", "10.0.0.0/33"),
        ("NOMAPAAS_ALLOW_CIDRS", "10.0.0.1/8"),
        ("NOMAPAAS_RESOLVERS", "dns.example.org"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """Nothing is started with a setting that cannot be meant; the sentence says which and what it must be."""
    with pytest.raises(Problem, match=name) as caught:
        Instance.from_env({name: value})

    assert str(caught.value).endswith(".")


def test_lists_may_be_written_with_commas_or_spaces() -> None:
    """Both are common in environment files."""
    instance = Instance.from_env(
        {"NOMAPAAS_ALLOW_CIDRS": "10.1.0.0/16, 10.2.3.4/32", "NOMAPAAS_RESOLVERS": "9.9.9.9 1.1.1.1"}
    )

    assert instance.allow_cidrs == ("10.1.0.0/16", "10.2.3.4/32")
    assert instance.resolvers == ("9.9.9.9", "1.1.1.1")


def test_settings_of_the_control_plane_are_handed_on_and_no_others() -> None:
    """NOMAPAAS_BOOT_TIMEOUT concerns the API and worker; an exported API key of a shell does not."""
    instance = Instance.from_env(
        {
            "NOMAPAAS_BOOT_TIMEOUT": "8",
            "DATABASE_URL": "postgresql://db/x",
            "NOMAPAAS_API_KEY": "secret",
            "NOMAPAAS_TEST_KEEP": "1",
            "PATH": "/bin",
        }
    )

    assert dict(instance.passed_on) == {"NOMAPAAS_BOOT_TIMEOUT": "8"}
    assert dict(instance.told)["DATABASE_URL"] == "postgresql://db/x"


def test_what_up_was_told_is_remembered(tmp_path: Path) -> None:
    """`status` in another shell finds the same ports; a set variable wins, an empty one brings the default back."""
    home = tmp_path / "home"
    told = Instance.from_env(
        {"NOMAPAAS_HOME": str(home), "NOMAPAAS_PORT_BASE": "9000", "NOMAPAAS_DOMAIN": "example.org"}
    )
    told.memory.parent.mkdir(parents=True)
    told.memory.write_text(json.dumps(dict(told.told)))

    assert Instance.from_env({"NOMAPAAS_HOME": str(home)}).base == 9000
    assert Instance.from_env({"NOMAPAAS_HOME": str(home)}).domain == "example.org"
    assert Instance.from_env({"NOMAPAAS_HOME": str(home), "NOMAPAAS_PORT_BASE": "9100"}).base == 9100
    assert Instance.from_env({"NOMAPAAS_HOME": str(home), "NOMAPAAS_DOMAIN": ""}).domain == "localhost"
