"""Vault's part of `up`: initialised once, opened by the unsealer, set up with a root token that lives for seconds."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cli.platform import files, render
from cli.platform.authority import is_good, make_authority
from cli.platform.instance import ROUTER_USER, VAULT_USER, Instance
from cli.platform.problem import Problem
from cli.platform.progress import wait_for
from cli.platform.rest import Rest
from jobs.names import AUTHORITY_PATH, ZONE_PATH

_CONFIG_MOUNT = "nomapaas"
_JWT_MOUNT = "jwt-nomad"
_ROLE = "nomapaas-control"
_ROUTER = "nomapaas-router"
_ROUTER_PERIOD = "768h"
"""The router's token ends this long after it was last renewed, by consul-template or by `up`."""


class Vault:
    """Sets up this instance's Vault."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._file = instance.secrets / "vault.json"
        self._pending = instance.secrets / "vault-init-pending"
        self._router_token = instance.secrets / "router" / "vault.token"
        self._audit = instance.logs / "vault" / "audit.log"
        self._api = Rest("Vault", instance.url("vault"))

    def known(self) -> dict[str, str]:
        """Unseal key, AppRole credentials of the control plane, and what was configured last."""
        return files.read_json(self._file)

    def _remember(self, **values: str) -> None:
        files.write_json(self._file, self.known() | values)

    def forget_authority(self) -> None:
        """Let the next `set_up` see which authority there is in Vault, instead of what is remembered."""
        known = self.known()
        known.pop("authority", None)
        files.write_json(self._file, known)

    def interrupted(self) -> bool:
        """Whether an initialisation was cut off before its key was on disk: that Vault is empty and lost."""
        return self._pending.exists() and "unseal_key" not in self.known()

    def forget_interrupted(self) -> None:
        """Throw away the storage of a Vault whose key was never written. Call while Vault is stopped."""
        files.remove_tree(self._instance.home / "vault")
        files.directory(self._instance.home / "vault", mode=0o700, user=VAULT_USER)
        self._pending.unlink(missing_ok=True)

    def answers(self) -> bool:
        """Whether Vault's listener is up, sealed or not."""
        answer = self._api.answers("/v1/sys/seal-status")
        return answer is not None and answer.status_code == 200

    def initialise(self) -> None:
        """Initialise an empty Vault, write the unsealer's key, and wait until the unsealer opened it."""
        wait_for(self.answers, seconds=60, problem=f"Vault does not answer; {self._instance.logs}/vault.log says why.")
        if not self._api.call("GET", "/v1/sys/init")["initialized"]:
            files.write(self._pending, "Vault is being initialised.\n", mode=0o600)
            made = self._api.call("PUT", "/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1})
            self._remember(unseal_key=made["keys_base64"][0])
            self._pending.unlink()
        elif "unseal_key" not in self.known():
            raise Problem(
                f"Vault is initialised, but its unseal key is not in {self._file}; restore that file from a backup, "
                "or start afresh with `nomapaas down --purge`."
            )
        self.hand_out_key()

    def hand_out_key(self) -> None:
        """Put the key where the unsealer, and nobody else, may read it."""
        key = self.known().get("unseal_key")
        if key:
            path = self._instance.etc / "vault" / "unseal.key"
            files.write(path, key + "\n", mode=0o400, user=VAULT_USER)

    def wait(self) -> None:
        """Return when Vault is unsealed and active."""

        def active() -> bool:
            answer = self._api.answers("/v1/sys/health")
            return answer is not None and answer.status_code == 200

        wait_for(
            active,
            seconds=60,
            problem=f"Vault was not unsealed within 60 s; {self._instance.logs}/unsealer.log and vault.log say why.",
        )

    def set_up(self) -> None:
        """Bring audit, mounts, policy and AppRole to what this version wants, if they are not. Idempotent."""
        wanted = self._wanted()
        digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
        if self.known().get("configured") == digest and self._can_log_in() and self._serves_the_router():
            return
        with self._root() as root:
            self._revoke_other_roots(root)
            for method, path, body in wanted["audit"]:
                if path.removeprefix("/v1/sys/audit/") + "/" not in root.call("GET", "/v1/sys/audit")["data"]:
                    root.call(method, path, body)
            self._mounts(root, wanted)
            for method, path, body in wanted["calls"]:
                root.call(method, path, body)
            if not self._can_log_in():
                role_id = root.call("GET", f"/v1/auth/approle/role/{_ROLE}/role-id")["data"]["role_id"]
                secret_id = root.call("POST", f"/v1/auth/approle/role/{_ROLE}/secret-id")["data"]["secret_id"]
                self._remember(role_id=role_id, secret_id=secret_id)
            self._authority(root)
            if not self._serves_the_router():
                body = {"policies": [_ROUTER], "period": _ROUTER_PERIOD, "display_name": _ROUTER}
                made = root.call("POST", "/v1/auth/token/create-orphan", body)
                files.write(self._router_token, made["auth"]["client_token"], mode=0o400, user=ROUTER_USER)
        self._remember(configured=digest)

    def _wanted(self) -> dict[str, Any]:
        nomad = self._instance.url("nomad_http")
        audit_options = {"file_path": str(self._audit), "mode": "0600"}
        role = {
            "token_policies": [_ROLE],
            "token_no_default_policy": False,
            "token_ttl": "1h",
            "token_max_ttl": "24h",
            "secret_id_ttl": "0",
            "secret_id_num_uses": 0,
        }
        return {
            "audit": [
                # Vault answers nobody when no audit device can write. The second one always can, so that a full disk
                # stops the record and not every app's start; `doctor` says when the first one fails.
                ("PUT", "/v1/sys/audit/file", {"type": "file", "options": audit_options}),
                ("PUT", "/v1/sys/audit/never-full", {"type": "file", "options": {"file_path": "discard"}}),
            ],
            # Another zone has another authority.
            "domain": self._instance.domain,
            "mounts": {_CONFIG_MOUNT: {"type": "kv", "options": {"version": "2"}}},
            "auth": {_JWT_MOUNT: {"type": "jwt"}, "approle": {"type": "approle"}},
            "calls": [
                (
                    "PUT",
                    f"/v1/sys/policies/acl/{_ROLE}",
                    {"policy": render.template(self._instance, "policies/vault-control.hcl")},
                ),
                (
                    "PUT",
                    f"/v1/sys/policies/acl/{_ROUTER}",
                    {"policy": render.template(self._instance, "policies/vault-router.hcl")},
                ),
                (
                    "POST",
                    f"/v1/auth/{_JWT_MOUNT}/config",
                    {"jwks_url": f"{nomad}/.well-known/jwks.json", "jwt_supported_algs": ["RS256", "EdDSA"]},
                ),
                ("POST", f"/v1/auth/approle/role/{_ROLE}", role),
            ],
        }

    @staticmethod
    def _mounts(root: Rest, wanted: dict[str, Any]) -> None:
        there = root.call("GET", "/v1/sys/mounts")["data"]
        for name, body in wanted["mounts"].items():
            if f"{name}/" not in there:
                root.call("POST", f"/v1/sys/mounts/{name}", body)
        there = root.call("GET", "/v1/sys/auth")["data"]
        for name, body in wanted["auth"].items():
            if f"{name}/" not in there:
                root.call("POST", f"/v1/sys/auth/{name}", body)

    def _can_log_in(self) -> bool:
        known = self.known()
        if "secret_id" not in known:
            return False
        body = {"role_id": known["role_id"], "secret_id": known["secret_id"]}
        return self._api.ask("POST", "/v1/auth/approle/login", body).status_code == 200

    def _serves_the_router(self) -> bool:
        """Whether the router's token is taken, and there is an authority; the token is renewed by being used."""
        known = self.known()
        if not self._router_token.is_file() or "authority" not in known:
            return False
        token = self._router_token.read_text().strip()
        router = Rest("Vault", self._instance.url("vault"), {"X-Vault-Token": token})
        return router.ask("POST", "/v1/auth/token/renew-self").status_code == 200

    def _authority(self, root: Rest) -> None:
        """Keep the authority that is there, or make one: the key in Vault, its certificate remembered here as well."""
        answer = root.ask("GET", f"/v1/{_CONFIG_MOUNT}/data/{AUTHORITY_PATH}")
        known = answer.json()["data"]["data"] or {} if answer.status_code == 200 else {}
        domain = self._instance.domain
        if not known or not is_good(known["certificate"], domain=domain, known_domain=known["domain"]):
            made = make_authority(domain)
            # The zone's key first: leaves are signed as soon as there is an authority.
            root.call("POST", f"/v1/{_CONFIG_MOUNT}/data/{ZONE_PATH}", {"data": dict(made.zone)})
            root.call("POST", f"/v1/{_CONFIG_MOUNT}/data/{AUTHORITY_PATH}", {"data": dict(made.authority)})
            known = dict(made.authority)
        self._remember(authority=known["certificate"])

    @contextmanager
    def _root(self) -> Iterator[Rest]:
        """Vault's API as root, by a token made from the unseal key now and revoked when the block is left."""
        root = Rest("Vault", self._instance.url("vault"), {"X-Vault-Token": self._generate_root()})
        try:
            yield root
        finally:
            root.ask("POST", "/v1/auth/token/revoke-self")

    def _generate_root(self) -> str:
        self._api.call("DELETE", "/v1/sys/generate-root/attempt")
        attempt = self._api.call("PUT", "/v1/sys/generate-root/attempt", {})
        body = {"key": self.known()["unseal_key"], "nonce": attempt["nonce"]}
        done = self._api.call("PUT", "/v1/sys/generate-root/update", body)
        encoded = done["encoded_token"]
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        return bytes(a ^ b for a, b in zip(raw, attempt["otp"].encode(), strict=True)).decode()

    @staticmethod
    def _revoke_other_roots(root: Rest) -> None:
        """Revoke the token that initialisation made, and any that a killed `up` left."""
        own = root.call("GET", "/v1/auth/token/lookup-self")["data"]["accessor"]
        for accessor in root.call("LIST", "/v1/auth/token/accessors")["data"]["keys"]:
            if accessor == own:
                continue
            answer = root.ask("POST", "/v1/auth/token/lookup-accessor", {"accessor": accessor})
            if answer.status_code == 200 and "root" in answer.json()["data"]["policies"]:
                root.call("POST", "/v1/auth/token/revoke-accessor", {"accessor": accessor})
