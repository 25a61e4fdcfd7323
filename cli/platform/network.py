"""The dynos' network: a bridge of their own, and a firewall chain that decides all that leaves it.

The rules are static and belong to the bridge, not to a dyno: a dyno's start adds none, and nothing is left behind
when one is killed.
"""

from __future__ import annotations

import contextlib
import ipaddress
from pathlib import Path

from cli.platform import files, render
from cli.platform.commands import attempt, run
from cli.platform.instance import Instance
from cli.platform.problem import Problem

CLOSED = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
"""Private, shared, link-local (cloud metadata), loopback, multicast and reserved ranges."""

IPAM = "dyno-ipam"
"""The plugin that gives dynos their addresses."""

_TABLES = ("iptables", "ip6tables")


class Network:
    """One instance's bridge, chains and CNI configuration."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._in = f"{instance.chain}-IN"
        self._nat = f"{instance.chain}-NAT"

    def configure(self, cni: Path) -> None:
        """Write the CNI configuration that Nomad's client reads, and the plugin of our own beside CNI's in `cni`."""
        folder = self._instance.home / "cni"
        plugin = render.template(self._instance, f"agent/{IPAM}", {"host_local": str(cni / "host-local")})
        files.directory(folder / "bin")
        files.write(folder / "bin" / IPAM, plugin, mode=0o755)
        text = render.template(self._instance, "agent/dynos.conflist")
        files.write(folder / "nomapaas.conflist", text)

    def raise_up(self) -> None:
        """Make the bridge and the rules, or bring them to what this version wants. Idempotent."""
        self._bridge()
        self._sysctl("net/ipv4/ip_forward", "1")
        self._forward_rules()
        self._in_rules()
        self._nat_rules()
        self._ipv6_rules()

    def _bridge(self) -> None:
        bridge = self._instance.bridge
        gateway = next(self._instance.subnet.hosts())
        if attempt(["ip", "link", "show", "dev", bridge]).returncode != 0:
            run(["ip", "link", "add", "name", bridge, "type", "bridge"])
        self._sysctl(f"net/ipv6/conf/{bridge}/disable_ipv6", "1", optional=True)
        self._sysctl(f"net/ipv4/conf/{bridge}/route_localnet", "0")
        run(["ip", "address", "replace", f"{gateway}/{self._instance.subnet.prefixlen}", "dev", bridge])
        run(["ip", "link", "set", "dev", bridge, "up"])

    @staticmethod
    def _sysctl(key: str, value: str, *, optional: bool = False) -> None:
        path = Path("/proc/sys") / key
        if optional and not path.exists():
            return
        if path.read_text().strip() != value:
            path.write_text(value)

    def resolvers(self) -> list[str]:
        """The name servers that dynos may ask and find in their resolv.conf."""
        return list(self._instance.resolvers) or host_resolvers()

    def forward_rules(self) -> list[list[str]]:
        """What becomes of packets from or to dynos that this machine forwards, first match wins."""
        bridge = self._instance.bridge
        rules = [
            ["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"],
            ["-o", bridge, "-j", "DROP"],
        ]
        for resolver in self.resolvers():
            rules += [["-d", f"{resolver}/32", "-p", p, "--dport", "53", "-j", "ACCEPT"] for p in ("udp", "tcp")]
        rules += [["-d", cidr, "-j", "ACCEPT"] for cidr in self._instance.allow_cidrs]
        rules += [["-d", cidr, "-j", "DROP"] for cidr in CLOSED]
        rules.append(["-s", str(self._instance.subnet), "-j", "ACCEPT"])
        rules.append(["-j", "DROP"])
        return rules

    def in_rules(self) -> list[list[str]]:
        """What becomes of packets from dynos to an address of this machine."""
        rules = [["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"]]
        for resolver in self.resolvers():
            rules += [["-d", f"{resolver}/32", "-p", p, "--dport", "53", "-j", "ACCEPT"] for p in ("udp", "tcp")]
        rules.append(["-j", "DROP"])
        return rules

    def _forward_rules(self) -> None:
        bridge, chain = self._instance.bridge, self._instance.chain
        self._fill("iptables", "filter", chain, self.forward_rules())
        self._jump("iptables", "filter", "FORWARD", ["-i", bridge, "-j", chain])
        self._jump("iptables", "filter", "FORWARD", ["-o", bridge, "-j", chain])

    def _in_rules(self) -> None:
        self._fill("iptables", "filter", self._in, self.in_rules())
        self._jump("iptables", "filter", "INPUT", ["-i", self._instance.bridge, "-j", self._in])

    def _nat_rules(self) -> None:
        subnet = str(self._instance.subnet)
        self._fill("iptables", "nat", self._nat, [["-s", subnet, "!", "-d", subnet, "-j", "MASQUERADE"]])
        self._jump("iptables", "nat", "POSTROUTING", ["-s", subnet, "-j", self._nat])

    def _ipv6_rules(self) -> None:
        """IPv6 is off on the bridge; where there is an ip6tables it is closed as well."""
        if attempt(["ip6tables", "-w", "10", "-S", "INPUT"]).returncode != 0:
            return
        self._fill("ip6tables", "filter", self._in, [["-j", "DROP"]])
        self._jump("ip6tables", "filter", "INPUT", ["-i", self._instance.bridge, "-j", self._in])
        self._jump("ip6tables", "filter", "FORWARD", ["-i", self._instance.bridge, "-j", self._in])

    @staticmethod
    def _fill(program: str, table: str, chain: str, rules: list[list[str]]) -> None:
        """Replace a chain's rules in one transaction, so that no packet finds it half full."""
        lines = [f"*{table}", f":{chain} - [0:0]", *(f"-A {chain} {' '.join(rule)}" for rule in rules), "COMMIT", ""]
        run([f"{program}-restore", "-w", "10", "--noflush"], stdin="\n".join(lines))

    @staticmethod
    def _jump(program: str, table: str, chain: str, rule: list[str]) -> None:
        """Put this rule at the head of a built-in chain unless the chain has it."""
        base = [program, "-w", "10", "-t", table]
        if attempt([*base, "-C", chain, *rule]).returncode != 0:
            run([*base, "-I", chain, "1", *rule])

    def tear_down(self) -> None:
        """Remove rules, chains and bridge; what is missing is success."""
        bridge, chain, subnet = self._instance.bridge, self._instance.chain, str(self._instance.subnet)
        jumps = [
            ("iptables", "filter", "FORWARD", ["-i", bridge, "-j", chain]),
            ("iptables", "filter", "FORWARD", ["-o", bridge, "-j", chain]),
            ("iptables", "filter", "INPUT", ["-i", bridge, "-j", self._in]),
            ("iptables", "nat", "POSTROUTING", ["-s", subnet, "-j", self._nat]),
            ("ip6tables", "filter", "INPUT", ["-i", bridge, "-j", self._in]),
            ("ip6tables", "filter", "FORWARD", ["-i", bridge, "-j", self._in]),
        ]
        for program, table, built_in, rule in jumps:
            while attempt([program, "-w", "10", "-t", table, "-D", built_in, *rule]).returncode == 0:
                pass
        for program, table, name in [
            ("iptables", "filter", chain),
            ("iptables", "filter", self._in),
            ("iptables", "nat", self._nat),
            ("ip6tables", "filter", self._in),
        ]:
            for verb in ("-F", "-X"):
                attempt([program, "-w", "10", "-t", table, verb, name])
        attempt(["ip", "link", "del", "dev", bridge])

    def missing(self) -> list[str]:
        """Which of the rules are not there, for `doctor` and `status`."""
        bridge, chain, subnet = self._instance.bridge, self._instance.chain, str(self._instance.subnet)
        wanted = {
            ("filter", "FORWARD", f"-i {bridge} -j {chain}"): "dynos' outgoing packets",
            ("filter", "INPUT", f"-i {bridge} -j {self._in}"): "dynos' way to this machine",
            ("nat", "POSTROUTING", f"-s {subnet} -j {self._nat}"): "dynos' address translation",
        }
        found = []
        for (table, built_in, rule), what in wanted.items():
            answer = attempt(["iptables", "-w", "10", "-t", table, "-C", built_in, *rule.split()])
            if answer.returncode != 0:
                found.append(what)
        return found


def host_resolvers(path: Path = Path("/etc/resolv.conf")) -> list[str]:
    """IPv4 name servers of this machine that others than itself can reach; a stub on loopback is looked behind."""
    found = _name_servers(path)
    usable = [address for address in found if not ipaddress.IPv4Address(address).is_loopback]
    if not usable and found:
        usable = [
            a
            for a in _name_servers(Path("/run/systemd/resolve/resolv.conf"))
            if not ipaddress.IPv4Address(a).is_loopback
        ]
    return usable[:3]


def _name_servers(path: Path) -> list[str]:
    found = []
    with contextlib.suppress(OSError):
        for line in path.read_text().splitlines():
            words = line.split()
            if len(words) >= 2 and words[0] == "nameserver":
                with contextlib.suppress(ValueError):
                    found.append(str(ipaddress.IPv4Address(words[1])))
    return found


def require_free_subnet(instance: Instance) -> None:
    """Raise a Problem when another interface already uses the dynos' range."""
    for line in run(["ip", "-4", "-o", "address", "show"]).splitlines():
        words = line.split()
        if len(words) > 3 and words[1] != instance.bridge:
            network = ipaddress.IPv4Interface(words[3]).network
            if network.overlaps(instance.subnet):
                raise Problem(
                    f"The dynos' network {instance.subnet} overlaps with {network} on {words[1]}; "
                    "choose another NOMAPAAS_PORT_BASE, from which it is made."
                )
