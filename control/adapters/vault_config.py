"""Config vars: HashiCorp Vault, KV version 2, through hvac."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import hvac
import requests
from hvac import exceptions

from control.adapters import http_sessions
from control.ports.errors import ConfigVersionTaken, VaultUnavailable
from jobs.names import (
    APPS_NAMESPACE,
    CONFIG_MOUNT,
    PLATFORM_FOLDER,
    VAULT_AUTH_MOUNT,
    certificate_path,
    config_path,
    vault_role,
)

_RENEWAL = "30m"
"""Nomad's client renews a dyno's token for as long as the dyno runs; after its end the token dies within this."""

Answer = TypeVar("Answer")


class VaultConfig:
    """Vault under an AppRole whose policy reaches nothing but config vars and the apps' own roles.

    It logs in when it is first used, and again whenever its token is no longer taken.
    """

    def __init__(self, address: str, *, role_id: str, secret_id: str) -> None:
        self._client: Any = hvac.Client(
            url=address.rstrip("/"), token="", timeout=http_sessions.TIMEOUT, session=http_sessions.session()
        )
        self._role_id = role_id
        self._secret_id = secret_id
        self._logging_in = threading.Lock()

    def write(self, app_id: str, version: int, values: Mapping[str, str]) -> None:
        self._write_once(config_path(app_id, version), dict(values), f"Config version {version}")

    def _write_once(self, path: str, wanted: dict[str, str], what: str) -> None:
        def create() -> None:
            kv = self._client.secrets.kv.v2
            try:
                kv.create_or_update_secret(path, secret=wanted, cas=0, mount_point=CONFIG_MOUNT)
            except exceptions.InvalidRequest as exc:
                kept = self._values(path)
                if kept is None:
                    raise
                # It exists already: fine when an earlier try of the same write got through.
                if kept != wanted:
                    raise ConfigVersionTaken(f"{what} exists already with other values.") from exc

        self._call(create)

    def read(self, app_id: str, version: int) -> dict[str, str]:
        if version == 0:
            return {}
        path = config_path(app_id, version)
        found = self._call(lambda: self._values(path))
        if found is None:
            raise KeyError(f"Config version {version} of app {app_id} does not exist.")
        return found

    def delete(self, app_id: str, version: int) -> None:
        self._call(lambda: self._remove(config_path(app_id, version)))

    def list_apps(self) -> list[str]:
        return self._call(lambda: [key.rstrip("/") for key in self._keys("apps")])

    def list_versions(self, app_id: str) -> list[int]:
        return sorted(int(version) for version in self._call(lambda: self._versions(app_id)))

    def written_at(self, app_id: str, version: int) -> datetime | None:
        return self._call(lambda: self._created(config_path(app_id, version)))

    def admit(self, app_id: str) -> None:
        name = vault_role(app_id)
        policy = f'path "{CONFIG_MOUNT}/data/apps/{app_id}/config/*" {{ capabilities = ["read"] }}\n'

        def make() -> None:
            self._client.write_data(f"sys/policies/acl/{name}", data={"policy": policy})
            self._client.auth.jwt.create_role(
                name=name,
                path=VAULT_AUTH_MOUNT,
                role_type="jwt",
                allowed_redirect_uris=None,
                bound_audiences=["vault.io"],
                user_claim="/nomad_job_id",
                user_claim_json_pointer=True,
                bound_claims_type="glob",
                bound_claims={"nomad_namespace": APPS_NAMESPACE, "nomad_job_id": f"{app_id}*"},
                token_policies=[name],
                token_no_default_policy=False,
                token_period=_RENEWAL,
            )

        self._call(make)

    def forget(self, app_id: str) -> None:
        name = vault_role(app_id)

        def clear() -> None:
            # First the way in, then what it led to.
            self._client.auth.jwt.delete_role(name=name, path=VAULT_AUTH_MOUNT)
            self._client.delete(f"sys/policies/acl/{name}")
            for version in self._versions(app_id):
                self._remove(f"apps/{app_id}/config/{version}")
            for endpoint in self._keys(f"apps/{app_id}/certs"):
                for version in self._keys(f"apps/{app_id}/certs/{endpoint.rstrip('/')}"):
                    self._remove(certificate_path(app_id, endpoint.rstrip("/"), int(version)))

        self._call(clear)

    def write_certificate(self, app_id: str, endpoint_id: str, version: int, *, chain: str, private_key: str) -> None:
        path = certificate_path(app_id, endpoint_id, version)
        self._write_once(path, {"chain": chain, "private_key": private_key}, f"Certificate version {version}")

    def read_certificate(self, app_id: str, endpoint_id: str, version: int) -> Mapping[str, str] | None:
        return self._call(lambda: self._values(certificate_path(app_id, endpoint_id, version)))

    def delete_certificate(self, app_id: str, endpoint_id: str, version: int) -> None:
        self._call(lambda: self._remove(certificate_path(app_id, endpoint_id, version)))

    def list_certificates(self, app_id: str) -> Mapping[str, Sequence[int]]:
        folder = f"apps/{app_id}/certs"

        def read() -> dict[str, list[int]]:
            endpoints = [key.rstrip("/") for key in self._keys(folder)]
            return {each: sorted(int(key) for key in self._keys(f"{folder}/{each}")) for each in endpoints}

        return self._call(read)

    def certificate_written_at(self, app_id: str, endpoint_id: str, version: int) -> datetime | None:
        return self._call(lambda: self._created(certificate_path(app_id, endpoint_id, version)))

    def platform_secret(self, path: str) -> Mapping[str, str] | None:
        return self._call(lambda: self._values(path))

    def keep_platform_secret(self, path: str, values: Mapping[str, str]) -> None:
        kv = self._client.secrets.kv.v2
        self._call(lambda: kv.create_or_update_secret(path, secret=dict(values), mount_point=CONFIG_MOUNT))

    def list_platform_secrets(self) -> list[str]:
        return sorted(f"{PLATFORM_FOLDER}/{key}" for key in self._call(lambda: self._keys(PLATFORM_FOLDER)))

    def ping(self) -> None:
        self._call(self._client.auth.token.lookup_self)

    def _values(self, path: str) -> dict[str, str] | None:
        try:
            answer = self._client.secrets.kv.v2.read_secret_version(
                path, mount_point=CONFIG_MOUNT, raise_on_deleted_version=True
            )
        except exceptions.InvalidPath:
            return None
        return dict(answer["data"]["data"] or {})

    def _remove(self, path: str) -> None:
        self._client.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point=CONFIG_MOUNT)

    def _created(self, path: str) -> datetime | None:
        try:
            answer = self._client.secrets.kv.v2.read_secret_metadata(path, mount_point=CONFIG_MOUNT)
        except exceptions.InvalidPath:
            return None
        return datetime.fromisoformat(answer["data"]["created_time"])

    def _versions(self, app_id: str) -> list[str]:
        return self._keys(f"apps/{app_id}/config")

    def _keys(self, folder: str) -> list[str]:
        try:
            answer = self._client.secrets.kv.v2.list_secrets(folder, mount_point=CONFIG_MOUNT)
        except exceptions.InvalidPath:
            return []
        return [str(key) for key in answer["data"]["keys"]]

    def _call(self, action: Callable[[], Answer]) -> Answer:
        """Run it, with a new token when the old one is gone; hvac's exceptions → VaultUnavailable."""
        try:
            token = self._client.token or self._log_in(None)
            try:
                return action()
            except exceptions.Forbidden:
                self._log_in(token)
                return action()
        except (exceptions.Forbidden, exceptions.InvalidRequest) as exc:
            raise VaultUnavailable(
                "Vault refuses the control plane's role. Run `nomapaas up`, which makes it anew."
            ) from exc
        except exceptions.VaultDown as exc:
            raise VaultUnavailable(
                "Vault is sealed. The unsealer opens it within seconds; if it does not, run `nomapaas up`."
            ) from exc
        except exceptions.VaultError as exc:
            raise VaultUnavailable("Vault cannot answer now. Run `nomapaas doctor`.") from exc
        except requests.RequestException as exc:
            raise VaultUnavailable("Vault does not answer. Run `nomapaas status`.") from exc

    def _log_in(self, stale: str | None) -> str:
        """One thread logs in; those that waited for it take its token."""
        with self._logging_in:
            if not self._client.token or self._client.token == stale:
                self._client.auth.approle.login(role_id=self._role_id, secret_id=self._secret_id)
            return str(self._client.token)
