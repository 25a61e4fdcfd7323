"""The files with which each part shows who it is: one narrow token a server, readable by that part alone."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from cli.platform import files
from cli.platform.consul import Consul
from cli.platform.database import database
from cli.platform.instance import CONTROL_USER, ROUTER_USER, Instance
from cli.platform.minio import MinioServer
from cli.platform.nomad_setup import Nomad
from cli.platform.vault import Vault


def write_all(instance: Instance) -> None:
    """Write `control.json`, `node.json` and `router.json`."""
    consul, nomad = Consul(instance).tokens(), Nomad(instance).tokens()
    minio, vault = MinioServer(instance).credentials(), Vault(instance).known()
    control = {
        "nomad_addr": instance.url("nomad_http"),
        "nomad_token": nomad["control"],
        "consul_addr": instance.url("consul_http"),
        "consul_token": consul["control"],
        "vault_addr": instance.url("vault"),
        "vault_role_id": vault["role_id"],
        "vault_secret_id": vault["secret_id"],
        "minio_endpoint": instance.inside_url("minio"),
        "minio_public_endpoint": instance.public_url("minio"),
        "minio_access_key": minio["control_access_key"],
        "minio_secret_key": minio["control_secret_key"],
        "signing_secret": _signing_secret(instance),
        "node_socket": str(instance.run / "node.sock"),
        "edge_socket": str(instance.home / "router" / "edge.sock"),
        "router_token_digest": hashlib.sha256(_router_token(instance).encode()).hexdigest(),
    }
    # Read by nobody: another authority is another file, for which the control plane is started anew.
    control["authority_digest"] = hashlib.sha256(vault["authority"].encode()).hexdigest()
    # Secrets: in a job's environment whoever may read jobs would see them.
    if hmac := dict(instance.told).get("NOMAPAAS_ACME_EAB_HMAC"):
        control["acme_eab_hmac"] = hmac
    if url := database(instance).url:
        control["database_url"] = url
    node = {
        "nomad_addr": instance.url("nomad_http"),
        "nomad_token": nomad["node"],
        "minio_endpoint": instance.inside_url("minio"),
        "minio_access_key": minio["node_access_key"],
        "minio_secret_key": minio["node_secret_key"],
    }
    router = {"consul_addr": instance.url("consul_http"), "consul_token": consul["router"]}
    files.write_json(instance.secrets / "control" / "control.json", control, mode=0o400, user=CONTROL_USER)
    files.write_json(instance.secrets / "router" / "router.json", router, mode=0o400, user=ROUTER_USER)
    files.write(instance.secrets / "router" / "consul.token", consul["router"], mode=0o400, user=ROUTER_USER)
    files.write(instance.authority, vault["authority"])
    files.write_json(instance.secrets / "node.json", node)
    for part in ("control", "router"):
        _link(instance.secrets / f"{part}.json", Path(part) / f"{part}.json")


def _signing_secret(instance: Instance) -> str:
    path = instance.secrets / "signing.json"
    known = files.read_json(path)
    if "signing_secret" not in known:
        known["signing_secret"] = secrets.token_hex(32)
        files.write_json(path, known)
    return str(known["signing_secret"])


def _router_token(instance: Instance) -> str:
    """The token by which the edge asks the control API for a wake; the API knows only its digest."""
    path = instance.secrets / "router" / "api.token"
    token = path.read_text().strip() if path.is_file() else secrets.token_hex(32)
    files.write(path, token, mode=0o400, user=ROUTER_USER)
    return token


def _link(path: Path, target: Path) -> None:
    if not path.is_symlink():
        path.symlink_to(target)
