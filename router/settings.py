"""What the edge is told from outside, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SAFE = re.compile(r"[A-Za-z0-9_.:/\[\]-]+")
LONGEST_SOCKET_PATH = 107
_API_OFFSET = 1
TLS_OFFSET = 6
"""What the port of the listener that speaks TLS adds to the port base."""
_MOST = 1_000_000
_SHARED_MB = 128
"""What all workers share when it is full: the tables, certificates, sessions of TLS."""
_WORKER_MB = 32
"""What a worker takes without any connection: its code and its copy of the table."""
_CONNECTION_KB = 32
"""Measured: an idle WebSocket over TLS takes 54 kB, for the client's connection and the dyno's."""
_ROOM_MB = 224
"""For the connections of a worker, unless told otherwise."""
_LEAST_CONNECTIONS, _MOST_CONNECTIONS = 512, 16384
MOST_WORKERS = 4
"""Unless told otherwise: each one counts a dyno's load by itself."""


class SettingsError(ValueError):
    """Raised when a value cannot be used; its text is a full sentence."""


@dataclass(frozen=True, kw_only=True)
class RouterSettings:
    """Everything that the rendered files depend on."""

    listen: str
    """Address and port of the one listener."""
    state_dir: Path
    """The last good table, the platform's socket, pid and temporary files; belongs to the router's own user."""
    etc_dir: Path
    """What `render` writes; only read by the router."""
    log_socket: Path
    """Datagram socket of the node agent, which takes the request lines."""
    leases: Path
    """A file an address: the allocation to which CNI gave it last."""
    modules: Path
    """Where Debian keeps nginx's modules."""
    consul_addr: str
    control: str
    """Address and port of the control API, which wakes sleeping apps."""
    control_token: Path
    """The file with what the router shows it; only the router may read it."""
    workers: int = 2
    memory: int = 640
    """MB that nginx may take; the worker that would take more is killed, and all that it has under way with it."""
    connect_timeout: float = 5
    first_byte_timeout: float = 30
    idle_timeout: float = 55
    boot_timeout: float = 75
    waiting_page: float = 3
    """Seconds after which a browser that waits for a starting app is shown that it does."""
    most_held: int = 4000
    """Requests that wait for their apps, in each worker."""
    most_held_of_app: int = 1000
    """Those for one app."""
    header_timeout: float = 30
    """Seconds in which a request's whole head has to come."""
    most_connections: int = 0
    """Requests that one address may have under way; 0 for any number."""
    quarantine: float = 5
    keepalive: float = 1
    dyno_requests: int = 50
    """Requests that one dyno gets at the same time from one worker."""
    backlog: int = 50
    """Requests a dyno that may wait in one worker when all dynos of an app have that many."""
    table_memory: int = 64
    """MB that the table may take."""
    cache_memory: int = 128
    """MB of responses that the HTTP cache keeps; an eighth of it is the longest one."""
    cache_down_grace: int = 3600
    """Seconds for which a stale response may be shown for an app that cannot be reached, unless the app forbids it."""
    tls_listen: str = "127.0.0.1:8086"
    """Address and port of the listener that speaks TLS."""
    public_http_port: int = 8080
    public_https_port: int = 8086
    """The ports that browsers use, which a redirect in front of the machine may lead to the listeners."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks of those whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    vault_addr: str = ""
    """Where the keys of certificates lie; without it no certificate is fetched."""
    certs_memory: int = 32
    """MB that all certificates together may take."""
    max_body: int = 0
    """MB of a request's body; 0 means no limit, as at Heroku."""
    max_header: int = 8
    """kB of one header, or of the request line."""
    settle: tuple[int, int] = (50, 250)
    """How long, in ms, changes are gathered before a push: at least and at most."""

    @property
    def socket(self) -> Path:
        """Where tables are pushed to and the state is read."""
        return self.state_dir / "edge.sock"

    @property
    def work_dir(self) -> Path:
        """Of no use after a restart."""
        return self.state_dir / "work"

    @property
    def cache_dir(self) -> Path:
        """Varnish's own folder, with its socket; the edge may go in, nobody else."""
        return self.state_dir.with_name("cache")

    @property
    def cache_socket(self) -> Path:
        """Where Varnish listens."""
        return self.cache_dir / "varnish.sock"

    @property
    def mesh_socket(self) -> Path:
        """Where nginx takes what Varnish does not have."""
        return self.state_dir.with_name("mesh") / "mesh.sock"

    @property
    def rendered(self) -> Path:
        """What consul-template writes and pushes."""
        return self.work_dir / "routes.json"

    @property
    def certs_dir(self) -> Path:
        """Nobody but the router's user may look into it: private keys lie here."""
        return self.state_dir / "certs"

    @property
    def certs_file(self) -> Path:
        """The last certificates that were accepted."""
        return self.certs_dir / "last.json"

    @property
    def rendered_certs(self) -> Path:
        """What consul-template writes and pushes of them."""
        return self.certs_dir / "rendered.json"

    @property
    def tls_suffix(self) -> str:
        """What follows the host in the address of an encrypted request."""
        return "" if self.public_https_port == 443 else f":{self.public_https_port}"

    @property
    def worker_connections(self) -> int:
        """As many, of clients and dynos together, as fit into a worker's part of the memory."""
        room = (self.memory - _SHARED_MB) / self.workers - _WORKER_MB
        return min(int(room * 1024 / _CONNECTION_KB), _MOST_CONNECTIONS)

    @property
    def routed(self) -> Path:
        """Which addresses requests may still go to; CNI gives none of them away."""
        return self.state_dir / "routed"

    @property
    def table_file(self) -> Path:
        """The last table that was accepted."""
        return self.state_dir / "table.json"


def from_env(env: Mapping[str, str]) -> RouterSettings:
    """Read the settings; raises SettingsError."""
    home = Path(env.get("NOMAPAAS_HOME", "/var/lib/nomapaas"))
    state_dir = Path(env.get("NOMAPAAS_ROUTER_DIR", home / "router"))
    bind = env.get("NOMAPAAS_BIND", "127.0.0.1")
    port = _number(env, "NOMAPAAS_PORT_BASE", 8080)
    address = f"[{bind}]" if ":" in bind else bind
    tls_port = _number(env, "NOMAPAAS_ROUTER_TLS_PORT", port + TLS_OFFSET)
    workers = int(_number(env, "NOMAPAAS_ROUTER_WORKERS", min(os.cpu_count() or 1, MOST_WORKERS)))
    settings = RouterSettings(
        listen=f"{address}:{port:.0f}",
        tls_listen=f"{address}:{tls_port:.0f}",
        public_http_port=_count(env, "NOMAPAAS_PUBLIC_HTTP_PORT", int(port)),
        public_https_port=_count(env, "NOMAPAAS_PUBLIC_HTTPS_PORT", int(tls_port)),
        trusted_proxies=tuple(part for part in re.split(r"[,\s]+", env.get("NOMAPAAS_TRUSTED_PROXIES", "")) if part),
        state_dir=state_dir,
        etc_dir=Path(env.get("NOMAPAAS_ROUTER_ETC", home / "etc" / "router")),
        log_socket=Path(env.get("NOMAPAAS_ROUTER_LOG", home / "run" / "node-router.sock")),
        leases=Path(env.get("NOMAPAAS_ROUTER_LEASES", home / "run" / "addresses")),
        modules=Path(env.get("NOMAPAAS_NGINX_MODULES", "/usr/lib/nginx/modules")),
        consul_addr=env.get("CONSUL_HTTP_ADDR", f"http://127.0.0.1:{port + 20:.0f}"),
        control=env.get("NOMAPAAS_ROUTER_CONTROL", f"{_inside(bind)}:{port + _API_OFFSET:.0f}"),
        control_token=Path(env.get("NOMAPAAS_ROUTER_TOKEN", home / "secrets" / "router" / "api.token")),
        vault_addr=env.get("VAULT_ADDR", f"http://127.0.0.1:{port + 30:.0f}"),
        max_body=int(_number(env, "NOMAPAAS_ROUTER_MAX_BODY_MB", 0, least=0)),
        max_header=int(_number(env, "NOMAPAAS_ROUTER_MAX_HEADER_KB", 8, least=1)),
        workers=workers,
        memory=_count(env, "NOMAPAAS_ROUTER_MEMORY_MB", _memory(workers, _ROOM_MB)),
        connect_timeout=_number(env, "NOMAPAAS_ROUTER_CONNECT_TIMEOUT", 5),
        first_byte_timeout=_number(env, "NOMAPAAS_ROUTER_FIRST_BYTE_TIMEOUT", 30),
        idle_timeout=_number(env, "NOMAPAAS_ROUTER_IDLE_TIMEOUT", 55),
        boot_timeout=_number(env, "NOMAPAAS_ROUTER_BOOT_TIMEOUT", 75),
        waiting_page=_number(env, "NOMAPAAS_ROUTER_WAITING_PAGE", 3),
        most_held=int(_number(env, "NOMAPAAS_ROUTER_HELD", 4000)),
        most_held_of_app=int(_number(env, "NOMAPAAS_ROUTER_HELD_OF_APP", 1000)),
        header_timeout=_number(env, "NOMAPAAS_ROUTER_HEADER_TIMEOUT", 30),
        most_connections=_connections(env),
        quarantine=_number(env, "NOMAPAAS_ROUTER_QUARANTINE", 5),
        cache_memory=int(_number(env, "NOMAPAAS_ROUTER_CACHE_MEMORY", 128)),
        cache_down_grace=int(_number(env, "NOMAPAAS_ROUTER_CACHE_DOWN_GRACE", 3600)),
        dyno_requests=_count(env, "NOMAPAAS_ROUTER_DYNO_REQUESTS", 50),
        backlog=_count(env, "NOMAPAAS_ROUTER_BACKLOG", 50),
    )
    _check(settings)
    return settings


def _connections(env: Mapping[str, str]) -> int:
    """Off unless it is asked for: nobody but the operator knows whether a proxy stands before the router."""
    text = env.get("NOMAPAAS_ROUTER_CONNECTIONS", "off")
    return 0 if text == "off" else int(_number(env, "NOMAPAAS_ROUTER_CONNECTIONS", 0))


def _inside(bind: str) -> str:
    """The address at which this machine's own parts reach what listens on `bind`."""
    if bind in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1" if bind == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{bind}]" if ":" in bind else bind


def _number(env: Mapping[str, str], name: str, default: float, *, least: float | None = None) -> float:
    try:
        value = float(env.get(name, default))
    except ValueError as error:
        raise SettingsError(f"{name} is {env[name]!r}, which is not a number.") from error
    if least is not None and not least <= value < _MOST:
        raise SettingsError(f"{name} is {env[name]!r}; it must be {least:g} at least and below a million.")
    if least is None and not 0 < value < _MOST:
        raise SettingsError(f"{name} is {env[name]!r}; it must be greater than 0 and below a million.")
    return value


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    value = _number(env, name, default)
    if value != int(value):
        raise SettingsError(f"{name} is {env[name]!r}, which is not a whole number.")
    return int(value)


def _memory(workers: int, room: int) -> int:
    """MB, when each worker is to have so many for its connections."""
    return _SHARED_MB + workers * (_WORKER_MB + room)


def _check(settings: RouterSettings) -> None:
    """Refuse what could not stand unquoted in a configuration file, or not be a socket at all."""
    values = (
        settings.listen,
        settings.state_dir,
        settings.etc_dir,
        settings.log_socket,
        settings.leases,
        settings.modules,
        settings.consul_addr,
        settings.control,
        settings.control_token,
        settings.tls_listen,
        settings.vault_addr,
        *settings.trusted_proxies,
    )
    for value in values:
        if str(value) and not SAFE.fullmatch(str(value)):
            raise SettingsError(f"{value} has characters that a path or address of the router cannot have.")
    for path in (settings.socket, settings.log_socket, settings.cache_socket, settings.mesh_socket):
        if len(str(path)) > LONGEST_SOCKET_PATH:
            raise SettingsError(f"{path} is longer than a socket's path may be; choose a shorter NOMAPAAS_HOME.")
    if settings.workers < 1:
        raise SettingsError("NOMAPAAS_ROUTER_WORKERS is below 1; leave it out or set it to a whole number.")
    if settings.worker_connections < _LEAST_CONNECTIONS:
        least = _memory(settings.workers, _LEAST_CONNECTIONS * _CONNECTION_KB // 1024)
        raise SettingsError(
            f"NOMAPAAS_ROUTER_MEMORY_MB is {settings.memory}, too little for {settings.workers} workers; "
            f"set it to {least} at least, or leave it out."
        )
