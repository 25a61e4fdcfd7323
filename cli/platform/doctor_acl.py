"""Who may do what: nobody without a token anything, and each part no more than it needs."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import httpx
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from cli.platform import files
from cli.platform.consul import Consul
from cli.platform.findings import Finding, fine, wrong
from cli.platform.instance import Instance
from cli.platform.rest import Rest

_TOPIC = "ACLs"
_SHUT = {401, 403}


class ACLChecks:
    """Asks the servers for what has to be refused."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._control = files.read_json(instance.secrets / "control" / "control.json")
        self._node = files.read_json(instance.secrets / "node.json")

    def findings(self) -> Iterator[Finding]:
        """All of it."""
        yield from self._strangers()
        yield from self._parts()
        yield from self._consul()
        yield from self._vault()
        yield from self._minio()
        yield from self._secrets()

    def _strangers(self) -> Iterator[Finding]:
        nomad, consul = self._instance.url("nomad_http"), self._instance.url("consul_http")
        doors = {
            "Nomad's jobs": f"{nomad}/v1/jobs?namespace=apps",
            "Nomad's nodes": f"{nomad}/v1/nodes",
            "Consul's agent": f"{consul}/v1/agent/self",
            "Consul's keys": f"{consul}/v1/kv/nomapaas/routes/doctor",
            "Vault's config vars": f"{self._instance.url('vault')}/v1/nomapaas/metadata/apps?list=true",
            "MinIO's slugs": f"{self._instance.inside_url('minio')}/slugs",
            "the API's apps": f"{self._instance.inside_url('api')}/apps",
        }
        headers = {"Accept": "application/vnd.heroku+json; version=3"}
        open_doors = []
        for what, url in doors.items():
            status = httpx.get(url, timeout=10, trust_env=False, headers=headers).status_code
            if status not in _SHUT:
                open_doors.append(f"{what} (status {status})")
        if open_doors:
            yield wrong(
                _TOPIC,
                f"Without a token one reads {', '.join(open_doors)}.",
                "Run `nomapaas up`; do not serve apps before.",
            )
        else:
            yield fine(_TOPIC, f"Without a token, {len(doors)} doors of 5 servers are shut.")

    def _parts(self) -> Iterator[Finding]:
        nomad, consul = self._instance.url("nomad_http"), self._instance.url("consul_http")
        control = Rest("Nomad", nomad, {"X-Nomad-Token": self._control["nomad_token"]})
        node = Rest("Nomad", nomad, {"X-Nomad-Token": self._node["nomad_token"]})
        keys = Rest("Consul", consul, {"X-Consul-Token": self._control["consul_token"]})
        tries = {
            "the control plane reads Nomad's tokens": control.ask("GET", "/v1/acl/tokens"),
            "the control plane changes the platform's jobs": control.ask(
                "DELETE", "/v1/job/nomapaas-doctor", params={"namespace": "platform"}
            ),
            "the node agent stops apps": node.ask("DELETE", "/v1/job/nomapaas-doctor", params={"namespace": "apps"}),
            "the control plane reads Consul's tokens": keys.ask("GET", "/v1/acl/tokens"),
            "the control plane reads Consul's other keys": keys.ask("GET", "/v1/kv/doctor"),
        }
        allowed = [what for what, answer in tries.items() if answer.status_code not in _SHUT]
        if allowed:
            yield wrong(
                _TOPIC, f"Too much is allowed: {'; '.join(allowed)}.", "Run `nomapaas up`, which renews the policies."
            )
        else:
            yield fine(_TOPIC, "The tokens of control plane and node agent open nothing that they do not need.")

    def _consul(self) -> Iterator[Finding]:
        config = Consul(self._instance).api().call("GET", "/v1/agent/self").get("DebugConfig", {})
        scripts = [key for key in ("EnableLocalScriptChecks", "EnableRemoteScriptChecks") if config.get(key)]
        if scripts:
            yield wrong(
                _TOPIC,
                "Consul runs programs that a service check names.",
                "Run `nomapaas up` to restore its configuration.",
            )
        else:
            yield fine(_TOPIC, "Consul runs no program for a service check.")

    def _vault(self) -> Iterator[Finding]:
        audit = self._instance.logs / "vault" / "audit.log"
        before = audit.stat().st_size if audit.exists() else 0
        vault = Rest("Vault", self._instance.url("vault"))
        body = {"role_id": self._control["vault_role_id"], "secret_id": self._control["vault_secret_id"]}
        token = vault.call("POST", "/v1/auth/approle/login", body)["auth"]["client_token"]
        control = Rest("Vault", self._instance.url("vault"), {"X-Vault-Token": token})
        allowed = [p for p in ("/v1/sys/mounts", "/v1/sys/audit", "/v1/sys/policies/acl/nomapaas-control")
                   if control.ask("GET", p).status_code not in _SHUT]  # fmt: skip
        control.ask("POST", "/v1/auth/token/revoke-self")
        if allowed:
            yield wrong(_TOPIC, f"The control plane reads {', '.join(allowed)} of Vault.", "Run `nomapaas up`.")
        else:
            yield fine(_TOPIC, "The control plane reaches config vars in Vault and nothing of Vault's own.")
        after = audit.stat().st_size if audit.exists() else 0
        if after == before:
            advice = f"Make room on the disk of {audit}; Vault goes on without a record until then."
            yield wrong(_TOPIC, "Vault's audit log does not grow.", advice)
        else:
            yield fine(_TOPIC, "Vault's audit log is written.")

    def _minio(self) -> Iterator[Finding]:
        pool = urllib3.PoolManager(timeout=10, retries=False)
        client = Minio(
            endpoint=self._node["minio_endpoint"].removeprefix("http://"),
            access_key=self._node["minio_access_key"],
            secret_key=self._node["minio_secret_key"],
            secure=False,
            http_client=pool,
        )
        try:
            client.remove_object(bucket_name="slugs", object_name="doctor")
        except S3Error as exc:
            if exc.code == "AccessDenied":
                yield fine(_TOPIC, "The node agent reads MinIO and writes nothing there.")
            else:
                yield wrong(_TOPIC, f"MinIO answers {exc.code}.", "Run `nomapaas up`.")
        except (MinioException, urllib3.exceptions.HTTPError) as exc:
            yield wrong(_TOPIC, f"MinIO does not answer ({exc}).", "Run `nomapaas up`.")
        else:
            yield wrong(
                _TOPIC, "The node agent may delete slugs in MinIO.", "Run `nomapaas up`, which renews the policies."
            )
        finally:
            pool.clear()

    def _secrets(self) -> Iterator[Finding]:
        loose = [
            str(path)
            for path in (self._instance.secrets, *self._instance.secrets.rglob("*"))
            if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
        ]
        if loose:
            yield wrong(
                _TOPIC,
                f"Others may read {', '.join(loose[:3])}.",
                "Run `nomapaas up`, or take their rights away by chmod.",
            )
        else:
            yield fine(_TOPIC, "Nobody but its part reads a secret's file.")
