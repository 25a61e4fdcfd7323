"""The firewall's rules, in the order in which a packet meets them."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from cli.platform.instance import Instance
from cli.platform.network import CLOSED, Network, host_resolvers


def verdict(rules: list[list[str]], destination: str, *, port: int = 80, out: str = "eth0") -> str:
    """What becomes of a new TCP packet from a dyno: the first rule that matches decides."""
    for rule in rules:
        words = dict(zip(rule[::2], rule[1::2], strict=True))
        address = ipaddress.IPv4Address(destination)
        if "--ctstate" in words or words.get("-p", "tcp") != "tcp" or words.get("-o", out) != out:
            continue
        if "-d" in words and address not in ipaddress.IPv4Network(words["-d"]):
            continue
        if int(words.get("--dport", port)) == port:
            return words["-j"]
    return "fell through"


@pytest.fixture
def network() -> Network:
    return Network(Instance.from_env({"NOMAPAAS_RESOLVERS": "10.0.0.53", "NOMAPAAS_ALLOW_CIDRS": "10.20.0.0/16"}))


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.31.255.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "127.0.0.1", "224.0.0.1", "0.0.0.0"],
)
def test_private_and_link_local_addresses_are_closed(network: Network, address: str) -> None:
    """Cloud metadata, the office, the carrier's own: none without a setting."""
    assert verdict(network.forward_rules(), address) == "DROP"


def test_the_internet_is_open(network: Network) -> None:
    """Apps call others."""
    assert verdict(network.forward_rules(), "93.184.215.14", port=443) == "ACCEPT"


def test_the_resolver_is_open_for_names_alone(network: Network) -> None:
    """Although its address is private."""
    assert verdict(network.forward_rules(), "10.0.0.53", port=53) == "ACCEPT"
    assert verdict(network.forward_rules(), "10.0.0.53", port=80) == "DROP"


def test_a_setting_opens_a_private_range(network: Network) -> None:
    """And only that."""
    assert verdict(network.forward_rules(), "10.20.1.1") == "ACCEPT"
    assert verdict(network.forward_rules(), "10.21.1.1") == "DROP"


def test_nothing_is_forwarded_to_a_dyno(network: Network) -> None:
    """The router on this machine reaches dynos without being forwarded; others have no business with them."""
    bridge = Instance.from_env({}).bridge

    assert verdict(network.forward_rules(), "10.161.0.9", out=bridge) == "DROP"


def test_this_machine_answers_dynos_names_at_most(network: Network) -> None:
    """No port of the control plane, on no address."""
    assert verdict(network.in_rules(), "10.161.0.1", port=8090) == "DROP"
    assert verdict(network.in_rules(), "10.0.0.53", port=53) == "ACCEPT"


def test_all_private_ranges_of_the_standards_are_closed() -> None:
    """RFC 1918, 6598, 3927 and loopback."""
    closed = [ipaddress.IPv4Network(each) for each in CLOSED]

    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"):
        assert any(ipaddress.IPv4Network(text).subnet_of(each) for each in closed)


def test_resolvers_are_read_as_libc_reads_them(tmp_path: Path) -> None:
    """At most three, IPv4; comments and other words are none."""
    path = tmp_path / "resolv.conf"
    path.write_text("# nameserver 1.2.3.4\nsearch x\nnameserver 10.0.0.1\nnameserver fe80::1\nnameserver 9.9.9.9 \n")

    assert host_resolvers(path) == ["10.0.0.1", "9.9.9.9"]


def test_a_resolver_on_loopback_is_of_no_use_to_a_dyno(tmp_path: Path) -> None:
    """A stub resolver answers its own machine alone."""
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 127.0.0.53\nnameserver 9.9.9.9\n")

    assert host_resolvers(path) == ["9.9.9.9"]
