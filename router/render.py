"""Turns settings into one folder with everything that nginx and consul-template read.

The folder is self-contained: the jobs that run them need neither the checkout nor Python.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from router.settings import RouterSettings

HERE = Path(__file__).resolve().parent
SCRIPTS = ("start-nginx", "start-consul-template")
INCLUDED = ("edge.conf", "cache/http.conf", "cache/locations.conf")
CONFIG_ID = "config-id"
TEMPLATES = ("routes.ctmpl", "certs.ctmpl")


class ConfigTemplate(string.Template):
    """`@@{name}` is a place to fill in, so that nginx' own `$` stays what it is."""

    delimiter = "@@"


def render(settings: RouterSettings) -> None:
    """Write `settings.etc_dir` anew. Readable by all: no secret is in it."""
    etc = settings.etc_dir
    etc.mkdir(parents=True, exist_ok=True, mode=0o755)
    _replace_lua(etc)
    for name in TEMPLATES:
        shutil.copyfile(HERE / name, etc / name)
    (etc / "nginx.conf").write_text(nginx_conf(settings))
    (etc / CONFIG_ID).write_text(config_id(settings))
    # For whoever submits the job.
    (etc / "memory-mb").write_text(str(settings.memory))
    (etc / "consul-template.json").write_text(consul_template_conf(settings))
    for name in SCRIPTS:
        _fill_in(name, settings, etc / name).chmod(0o755)
    (etc / "cache").mkdir(exist_ok=True, mode=0o755)
    for name in (*INCLUDED, "cache/cache.vcl"):
        _fill_in(name, settings, etc / name)
    _fill_in("cache/start-varnish", settings, etc / "cache" / "start-varnish").chmod(0o755)


def _replace_lua(etc: Path) -> None:
    """An nginx that is being reloaded must find the whole of it."""
    new, old = etc / "lua.new", etc / "lua.old"
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(HERE / "lua", new, copy_function=shutil.copyfile)
    if (etc / "lua").exists():
        (etc / "lua").rename(old)
    new.rename(etc / "lua")
    shutil.rmtree(old, ignore_errors=True)


def nginx_conf(settings: RouterSettings) -> str:
    """The whole configuration of nginx."""
    return _filled_in("nginx.conf", settings, config=config_id(settings))


def config_id(settings: RouterSettings) -> str:
    """Changes with all that a running nginx can take over by a reload; `/health` tells which one it runs on."""
    texts = [_filled_in(name, settings) for name in ("nginx.conf", *INCLUDED)]
    texts += [path.read_text() for path in sorted((HERE / "lua").rglob("*.lua"))]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def consul_template_conf(settings: RouterSettings) -> str:
    """The whole configuration of consul-template (its JSON form). The token stays in the environment."""
    document: dict[str, Any] = {
        "consul": {"address": settings.consul_addr, "retry": {"enabled": True, "attempts": 0, "max_backoff": "5s"}},
        "max_stale": "0s",
        "log_level": "warn",
        "template": [_template(settings, "routes.ctmpl", settings.rendered, "table")],
    }
    if settings.vault_addr:
        document["vault"] = {
            "address": settings.vault_addr,
            "retry": {"enabled": True, "attempts": 0, "max_backoff": "5s"},
            # A certificate's path has its version in it and its content never changes: nothing is asked for twice.
            "default_lease_duration": "24h",
        }
        document["template"].append(_template(settings, "certs.ctmpl", settings.rendered_certs, "certs"))
    return json.dumps(document, indent=2) + "\n"


def _template(settings: RouterSettings, source: str, destination: Path, target: str) -> dict[str, Any]:
    least, most = settings.settle
    return {
        "source": str(settings.etc_dir / source),
        "destination": str(destination),
        "perms": "0600",
        "command": push_command(settings, destination, target),
        "command_timeout": "90s",
        "wait": {"min": f"{least}ms", "max": f"{most}ms"},
    }


def push_command(settings: RouterSettings, rendered: Path | None = None, target: str = "table") -> list[str]:
    """Hands a file to nginx; waits for an nginx that is just being restarted."""
    retry = ["--retry", "60", "--retry-delay", "1", "--retry-max-time", "60", "--retry-all-errors"]
    quiet = ["--silent", "--show-error", "--fail-with-body", "--output", "/dev/null", "--max-time", "20"]
    what = [
        "--unix-socket",
        str(settings.socket),
        "--upload-file",
        str(rendered or settings.rendered),
        f"http://edge/{target}",
    ]
    return ["/usr/bin/curl", *quiet, *retry, *what]


def _fill_in(name: str, settings: RouterSettings, target: Path) -> Path:
    target.write_text(_filled_in(name, settings))
    return target


def _filled_in(name: str, settings: RouterSettings, *, config: str = "") -> str:
    return ConfigTemplate((HERE / name).read_text()).substitute(_values(settings), config=config)


def _limits(settings: RouterSettings) -> dict[str, str]:
    """The limit of what one address may have under way."""
    if not settings.most_connections:
        return {"limit_zone": "", "limit": ""}
    return {
        "limit_zone": "limit_conn_zone $binary_remote_addr zone=addresses:4m; limit_conn_status 429;",
        "limit": f"limit_conn addresses {settings.most_connections};",
    }


def _forwarded(settings: RouterSettings) -> str:
    """For whom a request is, and how it came: as its connection says, or a proxy that is trusted."""
    if not settings.trusted_proxies:
        return 'map "" $edge_fwd { default $proxy_add_x_forwarded_for; }\n    map "" $edge_proto { default $scheme; }'
    lines = [f"set_real_ip_from {network};" for network in settings.trusted_proxies]
    networks = " ".join(f"{network} 1;" for network in settings.trusted_proxies)
    lines += [
        "real_ip_header X-Forwarded-For;",
        "real_ip_recursive on;",
        f'geo $realip_remote_addr $edge_proxy {{ default ""; {networks} }}',
        # The client's address is the last one, once, whether the proxy has written it or it is the connection's.
        'map "$http_x_forwarded_for|$remote_addr" $edge_fwd {',
        "    default $proxy_add_x_forwarded_for;",
        r'    "~(?:^|[ ,])([^ ,|]+)\|\1$" $http_x_forwarded_for;',
        "}",
        'map "$edge_proxy$http_x_forwarded_proto" $edge_proto { default $scheme; 1https https; 1http http; }',
    ]
    return "\n    ".join(lines)


def _values(settings: RouterSettings) -> Mapping[str, str]:
    """Times in ms: nginx knows no fractions of a second."""
    times = (
        "connect_timeout",
        "first_byte_timeout",
        "idle_timeout",
        "header_timeout",
        "boot_timeout",
        "waiting_page",
        "quarantine",
        "keepalive",
    )
    paths = {
        "etc": settings.etc_dir,
        "work": settings.work_dir,
        "modules": settings.modules,
        "socket": settings.socket,
        "table_file": settings.table_file,
        "certs": settings.certs_dir,
        "certs_file": settings.certs_file,
        "rendered": settings.rendered,
        "rendered_certs": settings.rendered_certs,
        "log_socket": settings.log_socket,
        "leases": settings.leases,
        "routed": settings.routed,
        "control_token": settings.control_token,
        "cache_dir": settings.cache_dir,
        "cache_socket": settings.cache_socket,
        "mesh_socket": settings.mesh_socket,
    }
    return {
        "listen": settings.listen,
        **_limits(settings),
        "modules_of_ours": " ".join(sorted(path.stem for path in (HERE / "lua").glob("*.lua"))),
        "tls_listen": settings.tls_listen,
        "tls_suffix": settings.tls_suffix,
        "forwarded": _forwarded(settings),
        "public_http_port": str(settings.public_http_port),
        "public_https_port": str(settings.public_https_port),
        "certs_memory": str(settings.certs_memory),
        "max_body": str(settings.max_body),
        "max_header": str(settings.max_header),
        "workers": str(settings.workers),
        "worker_connections": str(settings.worker_connections),
        "table_memory": str(settings.table_memory),
        "control": settings.control,
        "most_held": str(settings.most_held),
        "most_held_of_app": str(settings.most_held_of_app),
        "cache_memory": str(settings.cache_memory),
        "cache_largest": str(settings.cache_memory * 1024 * 1024 // 8),
        "cache_down_grace": str(settings.cache_down_grace),
        "cache_timeout": f"{(settings.boot_timeout + settings.first_byte_timeout + settings.idle_timeout) * 1000:.0f}",
        "dyno_requests": str(settings.dyno_requests),
        "backlog": str(settings.backlog),
        **{name: str(path) for name, path in paths.items()},
        **{name: f"{getattr(settings, name) * 1000:.0f}" for name in times},
    }
