"""Settings of the control plane: read once, from the environment and from `secrets/control.json`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from control.domain.apps import DEFAULT_STACK
from control.domain.people import Quota

T = TypeVar("T")

_OFFSETS = {"router": 0, "api": 1, "broker": 2, "minio": 3, "node": 5, "router_tls": 6}


class SettingsError(Exception):
    """Raised when a setting cannot be used; the message names it and says what it must be."""


class Secret:
    """A text that never shows itself: not in logs, tracebacks or reprs."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('…')"

    def __bool__(self) -> bool:
        return bool(self._value)


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where the servers are and how the control plane shows who it is: the content of `control.json`."""

    nomad_addr: str = ""
    nomad_token: Secret = field(default_factory=lambda: Secret(""))
    consul_addr: str = ""
    consul_token: Secret = field(default_factory=lambda: Secret(""))
    vault_addr: str = ""
    vault_role_id: Secret = field(default_factory=lambda: Secret(""))
    vault_secret_id: Secret = field(default_factory=lambda: Secret(""))
    minio_endpoint: str = ""
    minio_public_endpoint: str = ""
    minio_access_key: Secret = field(default_factory=lambda: Secret(""))
    minio_secret_key: Secret = field(default_factory=lambda: Secret(""))
    signing_secret: Secret = field(default_factory=lambda: Secret(""))
    database_url: Secret = field(default_factory=lambda: Secret(""))
    acme_eab_hmac: Secret = field(default_factory=lambda: Secret(""))
    router_token_digest: str = ""
    """SHA-256 of the token by which the edge asks for a wake, in hexadecimal digits."""
    node_socket: str = ""
    edge_socket: str = ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that an operator can choose. Times are in seconds."""

    home: Path
    port_base: int = 8080
    bind: str = "127.0.0.1"
    public_host: str = "127.0.0.1"
    public_http_port: int = 0
    """The port that browsers use, where it is not the router's own; 0 means the router's."""
    public_api_url: str = ""
    """Where other machines reach the API, unless that is the host that they name; without a slash at the end."""
    domain: str = "localhost"
    database_url: str = field(repr=False)
    servers: Servers = field(default_factory=Servers, repr=False)
    boot_timeout: int = 60
    stop_timeout: int = 30
    release_timeout: int = 3600
    build_timeout: int = 900
    build_memory_mb: int = 2048
    build_disk_mb: int = 4096
    max_builds: int = 1
    slug_max_mb: int = 500
    build_cache_mb: int = 1024
    source_max_mb: int = 1024
    build_env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The host's registry settings and CA, which reach builds and never dynos."""
    fetch_private: bool = False
    """Whether builds may fetch what users name by URL from private addresses."""
    build_stamp: str = ""
    """Changes with the buildpacks, so that an equal source is built anew by a new platform."""
    stack_versions: Mapping[str, str] = field(default_factory=lambda: {DEFAULT_STACK: ""})
    """The version of each stack that apps are to run on; the first stack is the default of new apps."""
    reconcile_interval: float = 2.0
    """Between sweeps of the repair loop."""
    collect_interval: int = 3600
    """Between collections of garbage; 0 means never."""
    autosleep_after: int = 1800
    """Without a request, until an app that may sleep does; 0 means never."""
    replace_after: int = 10
    """Seconds for which a dyno has to refuse connections before it is replaced."""
    autosleep_least: int = 60
    """The shortest such time that an app may be told."""
    sleep_interval: float = 10.0
    """Between looks for apps that are idle."""
    max_quantity: int = 100
    max_oneoffs: int = 20
    """One-off dynos of one app at once."""
    quota: Quota = field(default_factory=Quota)
    """Of an account that has none of its own."""
    rate_limit: int = 45000
    """Requests an hour and account."""
    acme_directory: str = ""
    """Where automatic certificates come from; empty means that there are none."""
    acme_email: str = ""
    acme_ca: str = ""
    """A file with the authority that the server's own certificate is from, where that is none of the machine's."""
    acme_eab_kid: str = ""
    """By which the server knows for whom a new account is, with the key below; empty where it does not ask."""
    acme_eab_hmac: Secret = field(default_factory=lambda: Secret(""))
    login_attempts: int = 10
    """Failed logins in five minutes for one e-mail address; ten times as many for one network address."""
    max_streams: int = 96
    """Each holds one of the API's threads (`threads` in nomad/control.nomad.hcl) for as long as it is open."""
    max_streams_of_account: int = 32
    """Of all apps that one account owns, whoever follows them."""
    log_session_life: int = 300
    upload_life: int = 3600

    @property
    def stacks(self) -> tuple[str, ...]:
        """Names of the stacks that there are, the default first."""
        return tuple(self.stack_versions)

    @property
    def signing_secret(self) -> Secret:
        """Signs output and log URLs, and keys build digests."""
        return self.servers.signing_secret

    @property
    def several_workers(self) -> bool:
        """Whether the database serves several workers at once, on several machines."""
        return self.database_url.startswith("postgresql")

    @property
    def node_port(self) -> int:
        """The node agent's loopback endpoint for artifacts."""
        return self.port("node")

    def port(self, part: str) -> int:
        """The port of a part of this instance."""
        return self.port_base + _OFFSETS[part]

    def host(self, app_name: str) -> str:
        """The default host name of an app."""
        return f"{app_name}.{self.domain}"

    def web_url(self, app_name: str) -> str:
        """Where an app answers."""
        port = self.public_http_port or self.port("router")
        return f"http://{self.host(app_name)}{'' if port == 80 else f':{port}'}/"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment and the secrets file it names. Raises SettingsError."""
        read = _Reader(os.environ if environ is None else environ)
        home = Path(read("NOMAPAAS_HOME", str, "/var/lib/nomapaas"))
        secrets_file = Path(read("NOMAPAAS_SECRETS_FILE", str, str(home / "secrets" / "control.json")))
        servers = _servers(secrets_file)
        eab_kid = read("NOMAPAAS_ACME_EAB_KID", str, "")
        eab_hmac = read("NOMAPAAS_ACME_EAB_HMAC", str, "") or servers.acme_eab_hmac.reveal()
        if bool(eab_kid) != bool(re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", eab_hmac)):
            raise SettingsError(
                "NOMAPAAS_ACME_EAB_KID and NOMAPAAS_ACME_EAB_HMAC belong together, and the second is in base64url; "
                "set both as the ACME server's operator gave them, or none."
            )
        return cls(
            home=home,
            port_base=read("NOMAPAAS_PORT_BASE", int, 8080),
            bind=read("NOMAPAAS_BIND", str, "127.0.0.1"),
            public_host=read("NOMAPAAS_PUBLIC_HOST", str, "127.0.0.1"),
            public_http_port=read("NOMAPAAS_PUBLIC_HTTP_PORT", int, 0),
            public_api_url=read("NOMAPAAS_PUBLIC_API_URL", str, ""),
            domain=read("NOMAPAAS_DOMAIN", str, "localhost"),
            database_url=read("DATABASE_URL", str, "")
            or servers.database_url.reveal()
            or f"sqlite:///{home / 'state' / 'nomapaas.db'}",
            servers=servers,
            boot_timeout=read("NOMAPAAS_BOOT_TIMEOUT", int, 60),
            stop_timeout=read("NOMAPAAS_STOP_TIMEOUT", int, 30),
            release_timeout=read("NOMAPAAS_RELEASE_TIMEOUT", int, 3600),
            build_timeout=read("NOMAPAAS_BUILD_TIMEOUT", int, 900),
            build_memory_mb=read("NOMAPAAS_BUILD_MEMORY_MB", int, 2048),
            build_disk_mb=read("NOMAPAAS_BUILD_DISK_MB", int, 4096),
            max_builds=read("NOMAPAAS_MAX_BUILDS", int, max(1, (os.cpu_count() or 2) // 2)),
            slug_max_mb=read("NOMAPAAS_SLUG_MAX_MB", int, 500),
            build_cache_mb=read("NOMAPAAS_BUILD_CACHE_MB", int, 1024),
            source_max_mb=read("NOMAPAAS_SOURCE_MAX_MB", int, 1024),
            build_env=read("NOMAPAAS_BUILD_ENV", _texts, {}),
            fetch_private=bool(read("NOMAPAAS_FETCH_PRIVATE", int, 0)),
            build_stamp=read("NOMAPAAS_BUILD_STAMP", str, ""),
            stack_versions=read("NOMAPAAS_STACK_VERSIONS", _texts, {}) or {DEFAULT_STACK: ""},
            reconcile_interval=read("NOMAPAAS_RECONCILE_INTERVAL", float, 2.0),
            collect_interval=read("NOMAPAAS_COLLECT_INTERVAL", int, 3600),
            autosleep_after=read("NOMAPAAS_AUTOSLEEP_AFTER", int, 1800),
            replace_after=read("NOMAPAAS_REPLACE_AFTER", int, 10),
            autosleep_least=read("NOMAPAAS_AUTOSLEEP_LEAST", int, 60),
            sleep_interval=read("NOMAPAAS_SLEEP_INTERVAL", float, 10.0),
            max_quantity=read("NOMAPAAS_MAX_QUANTITY", int, 100),
            max_oneoffs=read("NOMAPAAS_MAX_ONEOFFS", int, 20),
            quota=Quota(
                apps=read("NOMAPAAS_QUOTA_APPS", int, Quota.apps),
                dynos=read("NOMAPAAS_QUOTA_DYNOS", int, Quota.dynos),
                memory_mb=read("NOMAPAAS_QUOTA_MEMORY_MB", int, Quota.memory_mb),
                builds=read("NOMAPAAS_QUOTA_BUILDS", int, Quota.builds),
                storage_mb=read("NOMAPAAS_QUOTA_STORAGE_MB", int, Quota.storage_mb),
                releases=read("NOMAPAAS_QUOTA_RELEASES", int, Quota.releases),
                domains=read("NOMAPAAS_QUOTA_DOMAINS", int, Quota.domains),
            ),
            acme_directory=read("NOMAPAAS_ACME_DIRECTORY", str, ""),
            acme_email=read("NOMAPAAS_ACME_EMAIL", str, ""),
            acme_ca=read("NOMAPAAS_ACME_CA", str, ""),
            acme_eab_kid=eab_kid,
            acme_eab_hmac=Secret(eab_hmac),
            rate_limit=read("NOMAPAAS_RATE_LIMIT", int, 45000),
            login_attempts=read("NOMAPAAS_LOGIN_ATTEMPTS", int, 10),
            max_streams=read("NOMAPAAS_MAX_STREAMS", int, 96),
            max_streams_of_account=read("NOMAPAAS_MAX_STREAMS_OF_ACCOUNT", int, 32),
            log_session_life=read("NOMAPAAS_LOG_SESSION_LIFE", int, 300),
            upload_life=read("NOMAPAAS_UPLOAD_LIFE", int, 3600),
        )


class _Reader:
    """Reads one variable, cast, with a sentence when it cannot be."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str, cast: Callable[[str], T], default: T) -> T:
        text = self._environ.get(name, "")
        if text == "":
            return default
        try:
            value = cast(text)
        except ValueError:
            raise SettingsError(f"{name} must be {_WANTED[cast]}, and it is {text[:60]!r}.") from None
        if isinstance(value, int | float) and value < 0:
            raise SettingsError(f"{name} must not be negative, and it is {value}.")
        return value


def _texts(text: str) -> Mapping[str, str]:
    value = json.loads(text)
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ValueError(text)
    return value


_WANTED: Mapping[Callable[[str], Any], str] = {
    int: "a whole number",
    float: "a number",
    _texts: "a JSON object of texts",
    str: "a text",
}

_OPEN = (
    "nomad_addr",
    "consul_addr",
    "vault_addr",
    "minio_endpoint",
    "minio_public_endpoint",
    "node_socket",
    "edge_socket",
    "router_token_digest",
)


def _servers(path: Path) -> Servers:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return Servers()
    except (OSError, ValueError) as exc:
        raise SettingsError(
            f"The secrets file {path} cannot be read ({type(exc).__name__}); run `nomapaas up`."
        ) from exc
    known: dict[str, Any] = {
        name: value if name in _OPEN else Secret(value)
        for name, value in content.items()
        if name in Servers.__dataclass_fields__ and isinstance(value, str)
    }
    return Servers(**known)
