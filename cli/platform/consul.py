"""Consul's part of `up`: one management token for `up` itself, one small token for each part."""

from __future__ import annotations

import uuid
from typing import Any

from cli.platform import files, render
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.progress import wait_for
from cli.platform.rest import Rest

_PARTS = ("agent", "nomad", "control", "router")


class Consul:
    """Sets up this instance's Consul."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._file = instance.secrets / "consul.json"

    def tokens(self) -> dict[str, str]:
        """The tokens' secret ids by part, chosen here before Consul knows them; `management` is `up`'s own."""
        known = files.read_json(self._file)
        missing = {part: str(uuid.uuid4()) for part in ("management", "ops", *_PARTS) if part not in known}
        if missing:
            known |= missing
            files.write_json(self._file, known)
        return known

    def api(self, token: str = "management") -> Rest:  # noqa: S107 - the name of one, not one
        """Consul's API under one of the tokens."""
        return Rest("Consul", self._instance.url("consul_http"), {"X-Consul-Token": self.tokens()[token]})

    def wait(self) -> None:
        """Return when Consul has a leader."""
        api = self.api()

        def led() -> bool:
            answer = api.answers("/v1/status/leader")
            return answer is not None and answer.status_code == 200 and answer.json() != ""

        wait_for(led, seconds=60, problem=f"Consul has no leader; {self._instance.logs}/consul.log says why.")

    def set_up(self) -> None:
        """Bootstrap the ACLs and bring policies and tokens to what this version wants. Idempotent."""
        api = self.api()
        self._bootstrap(api)
        policies = {p["Name"]: p for p in api.call("GET", "/v1/acl/policies")}
        known = {t["Description"]: t for t in api.call("GET", "/v1/acl/tokens")}
        for part in _PARTS:
            name = f"nomapaas-{part}"
            self._policy(api, policies, name, render.template(self._instance, f"policies/consul-{part}.hcl"))
            self._token(api, known, name, self.tokens()[part])
        self._token(api, known, "nomapaas-ops", self.tokens()["ops"], policy="global-management")

    def _bootstrap(self, api: Rest) -> None:
        """Make the management token, under the secret chosen before, so that a crash in between loses nothing."""

        def managed() -> bool:
            if api.ask("GET", "/v1/acl/token/self").status_code == 200:
                return True
            answer = api.ask("PUT", "/v1/acl/bootstrap", {"BootstrapSecret": self.tokens()["management"]})
            if answer.status_code == 403 and "no longer allowed" in answer.text:
                raise Problem(
                    "Consul knows other tokens than this instance's secrets folder holds; restore "
                    f"{self._file} from a backup, or start afresh with `nomapaas down --purge`."
                )
            return False

        wait_for(managed, seconds=30, problem="Consul's ACL system did not become ready within 30 s.", pause=0.3)

    @staticmethod
    def _policy(api: Rest, known: dict[str, dict[str, Any]], name: str, rules: str) -> None:
        body = {"Name": name, "Rules": rules, "Description": "Made by nomapaas up."}
        if name not in known:
            api.call("PUT", "/v1/acl/policy", body)
            return
        path = f"/v1/acl/policy/{known[name]['ID']}"
        if api.call("GET", path)["Rules"] != rules:
            api.call("PUT", path, body)

    @staticmethod
    def _token(api: Rest, known: dict[str, dict[str, Any]], name: str, secret: str, policy: str | None = None) -> None:
        if name in known:
            if api.ask("GET", f"/v1/acl/token/{known[name]['AccessorID']}").json().get("SecretID") == secret:
                return
            api.call("DELETE", f"/v1/acl/token/{known[name]['AccessorID']}")
        api.call(
            "PUT", "/v1/acl/token", {"SecretID": secret, "Description": name, "Policies": [{"Name": policy or name}]}
        )

    def trust_nomad(self) -> None:
        """Let Nomad's workload identities register the dynos' service, and nothing else."""
        api = self.api()
        body = {
            "Name": "nomad-workloads",
            "Type": "jwt",
            "Description": "Made by nomapaas up: services that Nomad registers.",
            "Config": {
                "JWKSURL": f"{self._instance.url('nomad_http')}/.well-known/jwks.json",
                "JWTSupportedAlgs": ["RS256"],
                "BoundAudiences": ["consul.io"],
                "ClaimMappings": {
                    "nomad_namespace": "nomad_namespace",
                    "nomad_job_id": "nomad_job_id",
                    "nomad_task": "nomad_task",
                    "nomad_service": "nomad_service",
                },
            },
        }
        known = api.ask("GET", "/v1/acl/auth-method/nomad-workloads")
        if known.status_code != 200:
            api.call("PUT", "/v1/acl/auth-method", body)
        elif (
            known.json().get("Config", {}).get("JWKSURL") != f"{self._instance.url('nomad_http')}/.well-known/jwks.json"
        ):
            api.call("PUT", "/v1/acl/auth-method/nomad-workloads", body)
        rule = {
            "AuthMethod": "nomad-workloads",
            "Description": "Made by nomapaas up.",
            "BindType": "service",
            "BindName": "${value.nomad_service}",
            "Selector": 'value.nomad_service == "nomapaas-dyno" and value.nomad_namespace == "apps"',
        }
        rules = api.call("GET", "/v1/acl/binding-rules", params={"authmethod": "nomad-workloads"}) or []
        if not any(all(r.get(key) == value for key, value in rule.items()) for r in rules):
            api.call("PUT", "/v1/acl/binding-rule", rule)
        for stale in rules:
            if any(stale.get(key) != value for key, value in rule.items()):
                api.call("DELETE", f"/v1/acl/binding-rule/{stale['ID']}")
