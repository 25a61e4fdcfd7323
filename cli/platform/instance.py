"""One running nomapaas on this machine: where its files lie, which ports it has, what its kernel objects are called."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cli.platform.problem import Problem
from cli.platform.public import SETTINGS as PUBLIC_SETTINGS
from cli.platform.public import Public
from cli.platform.stack_definition import DEFAULT_STACK, DEFINITIONS

OFFSETS: Mapping[str, int] = {
    "router": 0,
    "api": 1,
    "broker": 2,
    "minio": 3,
    "minio_console": 4,
    "node": 5,
    "router_tls": 6,
    "nomad_http": 10,
    "nomad_rpc": 11,
    "nomad_serf": 12,
    "nomad_client": 13,
    "consul_http": 20,
    "consul_grpc": 21,
    "consul_serf": 22,
    "consul_server": 23,
    "vault": 30,
    "vault_cluster": 31,
}
"""What each port adds to the base."""

CONTROL_USER = "nomapaas"
ROUTER_USER = "nomapaas-router"
CACHE_USER = "nomapaas-cache"
DYNO_USER = "nomapaas-dyno"
CONSUL_USER = "nomapaas-consul"
VAULT_USER = "nomapaas-vault"
MINIO_USER = "nomapaas-minio"
USERS = (CONTROL_USER, ROUTER_USER, CACHE_USER, DYNO_USER, CONSUL_USER, VAULT_USER, MINIO_USER)
"""Unix users, shared by every instance on the machine."""

_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_LONGEST_HOME = 80
"""Unix sockets below HOME must fit into 108 bytes."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """Everything that tells one instance from another. Read once, from the environment."""

    home: Path
    cache: Path
    base: int
    bind: str
    public: Public
    domain: str
    checkout: Path
    allow_cidrs: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    stacks: tuple[str, ...] = (DEFAULT_STACK,)
    """Names of the stacks that apps may have; the first is the default of new apps."""
    passed_on: tuple[tuple[str, str], ...] = ()
    """Settings of the control plane (`NOMAPAAS_…`) that `up` was called with and hands on."""
    told: tuple[tuple[str, str], ...] = ()
    """All settings that were given and not only defaults, for `up` to remember."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Instance:
        """Read the instance's settings; a wrong one is a Problem that names it.

        What an earlier `up` was told is remembered; a variable that is set wins, an empty one brings the default back.
        """
        env = os.environ if env is None else env
        home = _directory(env, "NOMAPAAS_HOME", "/var/lib/nomapaas")
        env = {name: value for name, value in (_remembered(home) | dict(env)).items() if value}
        if len(str(home)) > _LONGEST_HOME:
            raise Problem(
                f"NOMAPAAS_HOME is too long for unix sockets; choose a path of at most {_LONGEST_HOME} characters."
            )
        domain = env.get("NOMAPAAS_DOMAIN", "localhost").lower()
        if not _DOMAIN.fullmatch(domain):
            raise Problem(
                f"NOMAPAAS_DOMAIN is {domain!r}, which is not a domain name; set it to something like apps.example.org."
            )
        bind = env.get("NOMAPAAS_BIND", "127.0.0.1")
        try:
            ipaddress.IPv4Address(bind)
        except ValueError as exc:
            raise Problem(
                f"NOMAPAAS_BIND is {bind!r}; set it to an IPv4 address of this machine, or to 0.0.0.0."
            ) from exc
        return cls(
            home=home,
            cache=_directory(env, "NOMAPAAS_CACHE", "/var/cache/nomapaas"),
            base=_base(env.get("NOMAPAAS_PORT_BASE", "8080")),
            bind=bind,
            public=Public.from_env(env),
            domain=domain,
            checkout=Path(__file__).resolve().parents[2],
            allow_cidrs=_networks("NOMAPAAS_ALLOW_CIDRS", env.get("NOMAPAAS_ALLOW_CIDRS", "")),
            resolvers=_addresses("NOMAPAAS_RESOLVERS", env.get("NOMAPAAS_RESOLVERS", "")),
            stacks=_stacks(env.get("NOMAPAAS_STACKS", DEFAULT_STACK)),
            passed_on=tuple(sorted((k, v) for k, v in env.items() if _is_passed_on(k))),
            told=tuple(sorted((k, v) for k, v in env.items() if k in _REMEMBERED or _is_passed_on(k))),
        )

    def with_stacks(self, more: Sequence[str]) -> Instance:
        """The same with these stacks besides its own, which `up` will remember. Raises Problem."""
        if not more:
            return self
        stacks = _stacks(",".join([*self.stacks, *more]))
        told = dict(self.told) | {"NOMAPAAS_STACKS": ",".join(stacks)}
        return replace(self, stacks=stacks, told=tuple(sorted(told.items())))

    @property
    def memory(self) -> Path:
        """The file in which `up` keeps what it was told."""
        return self.etc / _MEMORY

    def port(self, name: str) -> int:
        """A port number by its name in OFFSETS."""
        return self.base + OFFSETS[name]

    @property
    def inside(self) -> str:
        """The address at which the instance's own parts reach what listens on `bind`."""
        return "127.0.0.1" if self.bind == "0.0.0.0" else self.bind  # noqa: S104 - compared, not bound

    def url(self, name: str) -> str:
        """URL of a server that listens on loopback only."""
        return f"http://127.0.0.1:{self.port(name)}"

    def inside_url(self, name: str) -> str:
        """URL, for the instance's own parts, of a server that listens on `bind`."""
        return f"http://{self.inside}:{self.port(name)}"

    def public_url(self, name: str) -> str:
        """URL, for people and other machines, of a server that listens on `bind`."""
        return self.public.url(name, port=self.port(name))

    @property
    def bridge(self) -> str:
        return f"nmp{self.base}"

    @property
    def chain(self) -> str:
        """Firewall chain of forwarded packets; `-IN` and `-NAT` name its two companions."""
        return f"NOMAPAAS-{self.base}"

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network(f"10.{128 + (self.base // 50) % 128}.0.0/16")

    @property
    def cgroup(self) -> str:
        return f"nomapaas{self.base}"

    @property
    def node_name(self) -> str:
        return f"nomapaas-{self.base}"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def etc(self) -> Path:
        return self.home / "etc"

    @property
    def authority(self) -> Path:
        """The certificate of the instance's own authority, for whoever wants to trust it."""
        return self.home / "ca.pem"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def dyno_etc(self) -> Path:
        """What becomes /etc in every dyno: the stack's, with this machine's resolvers."""
        return self.home / "dyno-etc"

    @property
    def python(self) -> Path:
        """The virtual environment's interpreter."""
        return Path(sys.prefix) / "bin" / "python"


def _directory(env: Mapping[str, str], name: str, default: str) -> Path:
    path = Path(env.get(name) or default)
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 3 or re.search(r"[^\w./+-]", str(path)):
        raise Problem(
            f"{name} is {str(path)!r}; set it to an absolute path at least two levels deep, "
            "of letters, digits and . _ + - alone."
        )
    return path


def _base(text: str) -> int:
    if not re.fullmatch(r"\d{4,5}", text) or not 1024 <= int(text) <= 65000:
        raise Problem(f"NOMAPAAS_PORT_BASE is {text!r}; set it to a number from 1024 to 65000.")
    return int(text)


def _networks(name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.IPv4Network(part)) for part in re.split(r"[,\s]+", text) if part)
    except ValueError as exc:
        raise Problem(
            f"{name} has a part that is no IPv4 network ({exc}); write them like 10.1.0.0/16,10.2.3.4/32."
        ) from exc


def _addresses(name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.IPv4Address(part)) for part in re.split(r"[,\s]+", text) if part)
    except ValueError as exc:
        raise Problem(f"{name} has a part that is no IPv4 address ({exc}); write them like 9.9.9.9,1.1.1.1.") from exc


def _stacks(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part for part in re.split(r"[,\s]+", text) if part))
    unknown = [name for name in names if name not in DEFINITIONS]
    if unknown or not names:
        raise Problem(
            f"NOMAPAAS_STACKS names {unknown[0] if unknown else 'no stack'!r}; "
            f"write one or more of {', '.join(DEFINITIONS)}, the default of new apps first."
        )
    return names


def _remembered(home: Path) -> dict[str, str]:
    try:
        value = json.loads((home / "etc" / _MEMORY).read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(each) for key, each in value.items()} if isinstance(value, dict) else {}


_MEMORY = "instance.json"
_TOLD = {"CACHE", "PORT_BASE", "BIND", "DOMAIN", "ALLOW_CIDRS", "RESOLVERS", "STACKS", "RELEASES_URL"}
_REMEMBERED = {f"NOMAPAAS_{name}" for name in _TOLD} | {"DATABASE_URL", "NOMAPAAS_WORKERS", "NOMAPAAS_API_PROCESSES"}
_REMEMBERED |= PUBLIC_SETTINGS | {"NOMAPAAS_ACME_EAB_HMAC"}
_OWN = {"HOME", "CACHE", "PORT_BASE", "BIND", "DOMAIN", "ALLOW_CIDRS", "RESOLVERS", "API_URL", "API_KEY"}
_OWN |= {
    "WORKERS",
    "API_PROCESSES",
    "ROUTER_URL",
    "APP",
    "SECRETS_FILE",
    "RELEASES_URL",
    "DEBUG",
    "BUILD_STAMP",
    "ACME_EAB_HMAC",
    "STACKS",
    "STACK_VERSIONS",
    "DEBIAN_MIRROR",
    "DEBIAN_MIRROR_SECURITY",
}


def _is_passed_on(name: str) -> bool:
    rest = name.removeprefix("NOMAPAAS_")
    if name in PUBLIC_SETTINGS:
        return False
    return name.startswith("NOMAPAAS_") and rest not in _OWN and not rest.startswith("TEST_")
