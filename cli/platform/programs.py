"""What supervisord runs, and with which configuration."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from cli.platform import files, render
from cli.platform.commands import as_user
from cli.platform.consul import Consul
from cli.platform.instance import CONSUL_USER, MINIO_USER, VAULT_USER, Instance
from cli.platform.minio import MinioServer
from cli.platform.render import HostVolume
from cli.platform.supervise import Program

SERVERS = ("consul", "minio", "vault", "unsealer", "node", "nomad", "nomad-client")
"""Names of the supervised programs, in the order in which they start."""

_NOMAD_FILES = {"common": {"nomad", "nomad-client"}, "server": {"nomad"}, "client": {"nomad-client"}}


def common_env(instance: Instance) -> dict[str, str]:
    """What every part of the instance is told about it."""
    return {
        "NOMAPAAS_HOME": str(instance.home),
        "NOMAPAAS_CACHE": str(instance.cache),
        "NOMAPAAS_PORT_BASE": str(instance.base),
        "NOMAPAAS_BIND": instance.bind,
        "NOMAPAAS_PUBLIC_HOST": instance.public.host,
        "NOMAPAAS_DOMAIN": instance.domain,
        "LANG": "C.UTF-8",
    }


def write_configuration(instance: Instance, volumes: list[HostVolume], cni_path: Path) -> frozenset[str]:
    """Render the servers' configuration files; the names of the programs that have to read theirs anew."""
    tokens = Consul(instance).tokens()
    etc = instance.etc
    text = render.template(instance, "agent/consul.hcl", {"consul_agent_token": tokens["agent"]})
    changed = set()
    if files.write(etc / "consul" / "consul.hcl", text, mode=0o400, user=CONSUL_USER):
        changed.add("consul")
    text = render.template(instance, "agent/vault.hcl")
    if files.write(etc / "vault" / "vault.hcl", text, mode=0o400, user=VAULT_USER):
        changed.add("vault")
    MinioServer(instance).configure()
    extra = {
        "consul_nomad_token": tokens["nomad"],
        "host_volumes": render.host_volumes(volumes),
        "cni_path": f"{instance.home}/cni/bin:{cni_path}",
    }
    for part, readers in _NOMAD_FILES.items():
        text = render.template(instance, f"agent/nomad-{part}.hcl", extra)
        if files.write(etc / "nomad" / f"{part}.hcl", text, mode=0o400):
            changed |= readers
    return frozenset(changed)


def programs(instance: Instance, binaries: Mapping[str, Path]) -> list[Program]:
    """The supervised programs of this instance."""
    common = common_env(instance)
    # Nomad hands its environment on to tasks: servers are told where they belong, and nothing else.
    bare = {"NOMAPAAS_HOME": str(instance.home), "LANG": "C.UTF-8"}
    etc, home, python = instance.etc, instance.home, str(instance.python)
    minio = MinioServer(instance)
    unseal = [
        python,
        "-m",
        "cli.platform.unseal",
        instance.url("vault"),
        str(etc / "vault" / "unseal.key"),
        str(instance.logs / "vault" / "audit.log"),
        str(home / "vault" / "vault.pid"),
    ]
    # Many threads that are mostly idle need no heap each, and large pieces go back to the system when they are free.
    node_env = (
        common
        | dict(instance.passed_on)
        | {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
        | {"NOMAPAAS_SECRETS_FILE": str(instance.secrets / "node.json")}
    )
    return [
        Program(
            name="consul",
            argv=[str(binaries["consul"]), "agent", f"-config-file={etc / 'consul' / 'consul.hcl'}"],
            user=CONSUL_USER,
            env=bare | {"HOME": str(home / "consul")},
            priority=10,
            stop_signal="INT",
        ),
        Program(
            name="minio",
            argv=minio.argv(str(binaries["minio"])),
            user=MINIO_USER,
            env=bare | minio.env(),
            priority=10,
        ),
        Program(
            name="vault",
            argv=[str(binaries["vault"]), "server", f"-config={etc / 'vault' / 'vault.hcl'}"],
            user=VAULT_USER,
            env=bare | {"HOME": str(home / "vault"), "SKIP_SETCAP": "1"},
            priority=10,
        ),
        Program(
            name="unsealer",
            argv=as_user(VAULT_USER, unseal),
            env=bare | {"PYTHONDONTWRITEBYTECODE": "1"},
            priority=20,
        ),
        Program(
            name="nomad",
            argv=_nomad(instance, binaries, "server"),
            env=bare | {"HOME": str(home / "nomad-server")},
            priority=30,
            stop_signal="INT",
        ),
        Program(
            name="nomad-client",
            argv=_nomad(instance, binaries, "client"),
            env=bare | {"HOME": str(home / "nomad")},
            stop_seconds=40,
            priority=40,
            stop_signal="INT",
        ),
        Program(name="node", argv=[python, "-m", "control.node"], env=node_env, priority=25),
    ]


def _nomad(instance: Instance, binaries: Mapping[str, Path], part: str) -> list[str]:
    folder = instance.etc / "nomad"
    return [str(binaries["nomad"]), "agent", f"-config={folder / 'common.hcl'}", f"-config={folder / part}.hcl"]


def python_prefix() -> Path:
    """Where the interpreter behind the virtual environment is installed."""
    return Path(sys.base_prefix).resolve()
