"""What every job in the `apps` namespace has in common: isolation, files, mounts, network.

Field names are those of Nomad's JSON job specification
(https://developer.hashicorp.com/nomad/api-docs/json-jobs). Durations are nanoseconds there.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from jobs import names

SECOND = 1_000_000_000

STACK_FOLDERS = ("usr", "bin", "lib", "lib64")
"""The parts of a stack that a dyno sees; its `/etc` is the client's `chroot_env`."""

HEROKU_STACKS = {"nomapaas-12": "heroku-22", "nomapaas-13": "heroku-24"}
"""What foreign buildpacks find in `STACK`: Heroku's newest stack whose glibc is not newer than ours."""

_CONFIG_TEMPLATE = (
    '{{ with secret "%s" }}{{ range $name, $value := .Data.data }}'
    '{{ $name }}={{ $value }}{{ "\\x00" }}'
    "{{ end }}{{ end }}"
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """The facts of this instance that jobs need. Made once, from settings."""

    artifacts_url: str
    """Base of the node agent's artifact endpoint, `http://127.0.0.1:8085`."""
    dyno_user: str = "nomapaas-dyno"
    dyno_uid: int = 0
    """Host uid of `dyno_user`: the owner of the config file until `launch` has read it."""
    network: str = "cni/nomapaas"
    datacenter: str = "dc1"


@dataclass(frozen=True, kw_only=True)
class AppRef:
    """Whose job it is."""

    id: str
    name: str
    stack: str


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Limits of one task. `memory_mb` in MiB, `disk_mb` in MiB."""

    cpu: int
    memory_mb: int
    disk_mb: int
    processes: int


def task(
    *,
    name: str,
    mode: str,
    site: Site,
    app: AppRef,
    env: dict[str, str],
    config_version: int,
    artifacts: list[dict[str, Any]],
    resources: Resources,
    kill_timeout_s: int,
) -> dict[str, Any]:
    """One isolated task: `launch MODE` in a stack root, with the app's config as a file."""
    return {
        "Name": name,
        "Driver": "exec",
        "User": site.dyno_user,
        "Config": {
            "command": "/nomapaas/launch",
            "args": [mode],
            "cap_drop": ["all"],
            "cap_add": ["setuid", "setgid", "setpcap"],
        },
        "Env": {
            "NOMAPAAS_APP_ID": app.id,
            "NOMAPAAS_MEMORY_MB": str(resources.memory_mb),
            "NOMAPAAS_PIDS": str(resources.processes),
            "NOMAPAAS_STACK": HEROKU_STACKS.get(app.stack, "heroku-24"),
            **env,
        },
        "Artifacts": artifacts,
        "Templates": _config_templates(app.id, config_version, site),
        "Vault": _vault(app.id, config_version),
        "VolumeMounts": [
            *(
                {"Volume": folder, "Destination": f"/{folder}", "ReadOnly": True, "PropagationMode": "private"}
                for folder in STACK_FOLDERS
            ),
            {"Volume": "runner", "Destination": "/nomapaas", "ReadOnly": True, "PropagationMode": "private"},
        ],
        "Resources": {"CPU": resources.cpu, "MemoryMB": resources.memory_mb},
        "LogConfig": {"MaxFiles": 2, "MaxFileSizeMB": 5},
        "KillTimeout": kill_timeout_s * SECOND,
        "KillSignal": "SIGTERM",
    }


def group(
    *, name: str, count: int, task: dict[str, Any], site: Site, app: AppRef, stack_root: str, disk_mb: int
) -> dict[str, Any]:
    """A task group of one task in the dyno network, with the stack's folders mounted read-only."""
    volumes = {
        folder: {"Name": folder, "Type": "host", "Source": f"stack-{app.stack}-{stack_root}-{folder}", "ReadOnly": True}
        for folder in STACK_FOLDERS
    }
    volumes["runner"] = {"Name": "runner", "Type": "host", "Source": "runner", "ReadOnly": True}
    return {
        "Name": name,
        "Count": count,
        "Networks": [{"Mode": site.network}],
        "Volumes": volumes,
        "EphemeralDisk": {"SizeMB": disk_mb, "Migrate": False, "Sticky": False},
        "Tasks": [task],
    }


def job(
    *, job_id: str, name: str, kind: str, groups: list[dict[str, Any]], meta: dict[str, str], site: Site
) -> dict[str, Any]:
    """The job around its groups. `kind` is `service` or `batch`."""
    return {
        "ID": job_id,
        "Name": name,
        "Namespace": names.APPS_NAMESPACE,
        "Type": kind,
        "Datacenters": [site.datacenter],
        "Meta": meta,
        "TaskGroups": groups,
    }


def run_once(group: dict[str, Any]) -> dict[str, Any]:
    """The same group, never tried again: a build or release phase that failed is the user's to see."""
    return {
        **group,
        "RestartPolicy": {"Attempts": 0, "Mode": "fail", "Interval": 60 * SECOND, "Delay": SECOND},
        "ReschedulePolicy": {"Attempts": 0, "Unlimited": False},
    }


def slug_artifact(site: Site, app_id: str, sha256: str) -> dict[str, Any]:
    """The slug as one checked file; Nomad's own unpacking would turn links into empty files."""
    return {
        "GetterSource": f"{site.artifacts_url}/slugs/{app_id}/{sha256}",
        "GetterMode": "file",
        "GetterOptions": {"checksum": f"sha256:{sha256}", "archive": "false"},
        "RelativeDest": "local/slug.tgz",
    }


def file_artifact(source: str, destination: str) -> dict[str, Any]:
    """Any other file of the node agent."""
    return {
        "GetterSource": source,
        "GetterMode": "file",
        "GetterOptions": {"archive": "false"},
        "RelativeDest": destination,
    }


def encoded(text: str) -> str:
    """Base64, because Nomad interpolates `${…}` in an environment value."""
    return base64.b64encode(text.encode()).decode()


def _config_templates(app_id: str, version: int, site: Site) -> list[dict[str, Any]]:
    if version == 0:
        return []
    return [
        {
            "EmbeddedTmpl": _CONFIG_TEMPLATE % names.config_secret(app_id, version),
            "DestPath": "secrets/config",
            "Perms": "0400",
            "Uid": site.dyno_uid,
            "ChangeMode": "noop",
            "ErrMissingKey": True,
        }
    ]


def _vault(app_id: str, version: int) -> dict[str, Any] | None:
    if version == 0:
        return None
    return {
        "Role": names.vault_role(app_id),
        "Env": False,
        "DisableFile": True,
        "ChangeMode": "noop",
    }
