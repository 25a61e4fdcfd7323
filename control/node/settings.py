"""What the node agent is told: read once, from the environment and `secrets/node.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_ARTIFACTS_OFFSET = 5
_MB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class NodeSettings:
    """One node agent's settings."""

    home: Path
    port: int
    """Loopback port of the artifact endpoint."""
    nomad_addr: str
    nomad_token: str = field(repr=False)
    minio_endpoint: str
    minio_access_key: str = field(repr=False)
    minio_secret_key: str = field(repr=False)
    nomad_data: Path
    log_bytes: int = 10 * _MB
    """Of log that is kept of one app."""
    log_lines_per_second: int = 1000
    """What one dyno may print for long; five times as much at once."""
    slug_cache_bytes: int = 4096 * _MB
    build_cache_bytes: int = 1024 * _MB
    """Of one app's build cache."""
    build_caches_bytes: int = 20480 * _MB
    """Of all build caches on this node."""
    metrics_bytes: int = 256 * _MB
    """Of what the router measured in the last 24 h, of all apps together."""

    @property
    def nomad_allocs(self) -> Path:
        """Nomad's folder of allocations."""
        return self.nomad_data / "alloc"

    @property
    def api_socket(self) -> Path:
        return self.home / "run" / "node.sock"

    @property
    def router_socket(self) -> Path:
        return self.home / "run" / "node-router.sock"

    @property
    def app_logs(self) -> Path:
        return self.home / "applogs"

    @property
    def metrics(self) -> Path:
        return self.home / "metrics" / "minutes.db"

    @property
    def caches(self) -> Path:
        return self.home / "caches"

    @property
    def slugs(self) -> Path:
        return self.home / "artifacts" / "slugs"


def load(env: Mapping[str, str]) -> NodeSettings:
    """Read everything; what is missing raises KeyError, what is wrong ValueError."""
    home = Path(env.get("NOMAPAAS_HOME", "/var/lib/nomapaas"))
    secrets = json.loads((home / "secrets" / "node.json").read_text())
    return NodeSettings(
        home=home,
        port=int(env.get("NOMAPAAS_PORT_BASE", "8080")) + _ARTIFACTS_OFFSET,
        nomad_addr=secrets["nomad_addr"],
        nomad_token=secrets["nomad_token"],
        minio_endpoint=secrets["minio_endpoint"],
        minio_access_key=secrets["minio_access_key"],
        minio_secret_key=secrets["minio_secret_key"],
        nomad_data=Path(env.get("NOMAPAAS_NOMAD_DATA", str(home / "nomad"))),
        log_bytes=int(env.get("NOMAPAAS_LOG_MB", "10")) * _MB,
        log_lines_per_second=int(env.get("NOMAPAAS_LOG_LINES_PER_S", "1000")),
        slug_cache_bytes=int(env.get("NOMAPAAS_SLUG_CACHE_MB", "4096")) * _MB,
        build_cache_bytes=int(env.get("NOMAPAAS_BUILD_CACHE_MB", "1024")) * _MB,
        build_caches_bytes=int(env.get("NOMAPAAS_BUILD_CACHES_MB", "20480")) * _MB,
        metrics_bytes=int(env.get("NOMAPAAS_METRICS_MB", "256")) * _MB,
    )
