"""Names that more than one part of nomapaas has to agree on.

Every outside key is made from the app's UUID, never from its name: a renamed app changes no key and a reused name
inherits nothing. This module is the only thing that `control`, `router`, `cli` and `addon_broker` share.
"""

from __future__ import annotations

APPS_NAMESPACE = "apps"
"""Nomad namespace of dynos, builds and one-offs."""

PLATFORM_NAMESPACE = "platform"
"""Nomad namespace of nomapaas' own jobs."""

DYNO_SERVICE = "nomapaas-dyno"
"""The one Consul service under which every routed dyno registers; its meta says whose it is."""

ROUTES_PREFIX = "nomapaas/routes/"
"""Consul KV prefix of the route records, one small JSON document an app."""

CERTS_PREFIX = "nomapaas/certs/"
"""Consul KV prefix of custom certificates: which names each is shown for. Chain and key are in Vault."""

LEAVES_PREFIX = "nomapaas/leaves/"
"""Consul KV prefix of the platform's own certificates, which share the key of the zone."""

CHALLENGES_PREFIX = "nomapaas/challenges/"
"""Consul KV prefix of what ACME servers are to be told, by token."""

PLATFORM_FOLDER = "platform"
"""Folder below `CONFIG_MOUNT` of all that the platform keeps for itself."""

AUTHORITY_PATH = f"{PLATFORM_FOLDER}/authority"
"""Path below `CONFIG_MOUNT` of the platform's own certificate authority: `certificate`, `private_key`."""

ZONE_PATH = f"{PLATFORM_FOLDER}/zone"
"""Path below `CONFIG_MOUNT` of the key of all names in the platform's own zone: `private_key`."""

CONFIG_MOUNT = "nomapaas"
"""Vault KV v2 mount of config vars."""

VAULT_AUTH_MOUNT = "jwt-nomad"
"""Vault JWT auth mount that trusts Nomad's workload identities."""

SLUGS_BUCKET = "slugs"
SOURCES_BUCKET = "sources"

DYNO_PORT = 5000
"""What `PORT` is in every dyno: each has an address of its own, so one number serves all."""


def stack_stamp(stack: str, version: str) -> str:
    """What an app's job says in its meta, under `stack`, of the packages that its dynos run on."""
    return f"{stack}@{version}"


def app_job_id(app_id: str) -> str:
    """Nomad job id of an app's dynos."""
    return app_id


def build_job_id(app_id: str, build_id: str) -> str:
    """Nomad job id of one build."""
    return f"{app_id}.build-{build_id}"


def release_phase_job_id(app_id: str, version: int) -> str:
    """Nomad job id of the release phase of release `version`."""
    return f"{app_id}.release-v{version}"


def oneoff_job_id(app_id: str, number: int) -> str:
    """Nomad job id of one-off dyno `run.<number>`."""
    return f"{app_id}.run-{number}"


def app_of_job(job_id: str) -> str:
    """The app's UUID that any job id of this module begins with."""
    return job_id.split(".", 1)[0]


def config_path(app_id: str, version: int) -> str:
    """Path below `CONFIG_MOUNT` of one write-once config version."""
    return f"apps/{app_id}/config/{version}"


def config_secret(app_id: str, version: int) -> str:
    """The same path as Vault's HTTP API and consul-template spell it for KV v2."""
    return f"{CONFIG_MOUNT}/data/{config_path(app_id, version)}"


def vault_role(app_id: str) -> str:
    """Vault role and policy under which this app's jobs read their config."""
    return f"app-{app_id}"


def slug_key(app_id: str, sha256: str) -> str:
    """Object key in `SLUGS_BUCKET`."""
    return f"{app_id}/{sha256}.tgz"


def source_key(source_id: str) -> str:
    """Object key in `SOURCES_BUCKET`."""
    return f"{source_id}.tgz"


def certificate_key(app_id: str, endpoint_id: str, version: int) -> str:
    """What names one pair of certificate and key: in Consul below `CERTS_PREFIX`, and so to the router."""
    return f"{app_id}/{endpoint_id}/{version}"


def certificate_path(app_id: str, endpoint_id: str, version: int) -> str:
    """Path below `CONFIG_MOUNT` of that pair, which is written once."""
    return f"apps/{app_id}/certs/{endpoint_id}/{version}"


def route_key(app_id: str) -> str:
    """Consul KV key of an app's route record."""
    return f"{ROUTES_PREFIX}{app_id}"
