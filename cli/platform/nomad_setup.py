"""Nomad's part of `up`: ACLs, namespaces, one narrow token a part, one management token for people."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from cli.platform import files, render
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.progress import wait_for
from cli.platform.rest import Rest

_PARTS = ("control", "node")
_NAMESPACES: dict[str, dict[str, Any]] = {
    "apps": {
        "Description": "Dynos, builds and one-offs: exec alone, in the dynos' network alone.",
        "Capabilities": {"EnabledTaskDrivers": ["exec"], "EnabledNetworkModes": ["cni/nomapaas"]},
    },
    "doctor": {
        "Description": "The probe dynos of `nomapaas doctor`, fenced in like apps; the repair loop does not look here.",
        "Capabilities": {"EnabledTaskDrivers": ["exec"], "EnabledNetworkModes": ["cni/nomapaas"]},
    },
    "platform": {
        "Description": "nomapaas' own jobs.",
        "Capabilities": {"EnabledTaskDrivers": ["exec"], "EnabledNetworkModes": ["host"]},
    },
}

_DRAIN_SECONDS = 130
"""More than the longest grace period that a task may have (`max_kill_timeout`)."""


_ENDED = frozenset({"complete", "failed", "lost"})

DOCTOR_NAMESPACE = "doctor"


class Nomad:
    """Sets up this instance's Nomad."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._file = instance.secrets / "nomad.json"

    def tokens(self) -> dict[str, str]:
        """Tokens by part; `management` is `up`'s own, `ops` is for people."""
        known = files.read_json(self._file)
        if "management" not in known:
            known["management"] = str(uuid.uuid4())
            files.write_json(self._file, known)
        return known

    def api(self, token: str = "management") -> Rest:  # noqa: S107 - the name of one, not one
        """Nomad's API under one of the tokens."""
        return Rest("Nomad", self._instance.url("nomad_http"), {"X-Nomad-Token": self.tokens()[token]})

    def wait(self) -> None:
        """Return when Nomad has a leader."""
        api = self.api()

        def led() -> bool:
            answer = api.answers("/v1/status/leader")
            return answer is not None and answer.status_code == 200 and answer.json() != ""

        wait_for(led, seconds=90, problem=f"Nomad has no leader; {self._instance.logs}/nomad.log says why.")

    def set_up(self) -> None:
        """Bootstrap the ACLs; bring namespaces, policies and tokens to what this version wants. Idempotent."""
        api = self.api()
        self._bootstrap(api)
        for name, namespace in _NAMESPACES.items():
            api.call("PUT", f"/v1/namespace/{name}", {"Name": name} | namespace)
        for part in _PARTS:
            rules = render.template(self._instance, f"policies/nomad-{part}.hcl")
            body = {"Name": f"nomapaas-{part}", "Description": "Made by nomapaas up.", "Rules": rules}
            api.call("POST", f"/v1/acl/policy/nomapaas-{part}", body)
        listed = api.call("GET", "/v1/acl/tokens")
        for part in _PARTS:
            self._token(api, listed, part, {"Type": "client", "Policies": [f"nomapaas-{part}"]})
        self._token(api, listed, "ops", {"Type": "management"})

    def _bootstrap(self, api: Rest) -> None:
        def managed() -> bool:
            if api.ask("GET", "/v1/acl/token/self").status_code == 200:
                return True
            answer = api.ask("POST", "/v1/acl/bootstrap", {"BootstrapSecret": self.tokens()["management"]})
            if answer.status_code == 400 and "already done" in answer.text:
                raise Problem(
                    "Nomad knows other tokens than this instance's secrets folder holds; restore "
                    f"{self._file} from a backup, or start afresh with `nomapaas down --purge`."
                )
            return False

        wait_for(managed, seconds=30, problem="Nomad's ACL system did not become ready within 30 s.", pause=0.3)

    def _token(self, api: Rest, listed: list[dict[str, Any]], part: str, body: dict[str, Any]) -> None:
        known = self.tokens()
        if part in known and self.api(part).ask("GET", "/v1/acl/token/self").status_code == 200:
            return
        for stale in listed:
            if stale["Name"] == f"nomapaas-{part}":
                api.call("DELETE", f"/v1/acl/token/{stale['AccessorID']}")
        known[part] = api.call("POST", "/v1/acl/token", {"Name": f"nomapaas-{part}"} | body)["SecretID"]
        files.write_json(self._file, known)

    def drain(self, *, tick: Callable[[], None]) -> int:
        """Stop every task on this machine, each with its own grace period; `resume` lets them come back."""
        api = self.api()
        ended = 0
        for node in api.call("GET", "/v1/nodes"):
            spec = {"Deadline": -1, "IgnoreSystemJobs": False}
            api.call("PUT", f"/v1/node/{node['ID']}/drain", {"DrainSpec": spec, "MarkEligible": False})
            path = _allocations_of(node)
            ended += len(_running(api.call("GET", path)))
            wait_for(
                lambda path=path: not _running(api.call("GET", path)),  # type: ignore[misc]
                seconds=_DRAIN_SECONDS,
                problem=f"Some dynos did not end within {_DRAIN_SECONDS} s.",
                tick=tick,
            )
        return ended

    def resume(self) -> None:
        """Take jobs again after a drain."""
        api = self.api()
        for node in api.call("GET", "/v1/nodes"):
            if node["Drain"] or node["SchedulingEligibility"] != "eligible":
                api.call("PUT", f"/v1/node/{node['ID']}/drain", {"DrainSpec": None, "MarkEligible": True})

    def wait_for_node(self) -> None:
        """Return when this machine takes jobs, with exec and the dynos' network."""
        api = self.api()

        def ready() -> bool:
            nodes = api.call("GET", "/v1/nodes")
            return any(n["Status"] == "ready" and n.get("Drivers", {}).get("exec", {}).get("Healthy") for n in nodes)

        wait_for(
            ready,
            seconds=60,
            problem="Nomad's client did not become ready with the exec driver; "
            f"{self._instance.logs}/nomad-client.log says why.",
        )

    def allocations(self) -> dict[str, bool]:
        """Every allocation that Nomad remembers, by id, with whether it lives or may come to life."""
        api = self.api()
        listed = [each for node in api.call("GET", "/v1/nodes") for each in api.call("GET", _allocations_of(node))]
        return {each["ID"]: each["ClientStatus"] not in _ENDED for each in listed}


def _allocations_of(node: dict[str, Any]) -> str:
    return f"/v1/node/{node['ID']}/allocations"


def _running(allocations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [a for a in allocations if a["ClientStatus"] in {"running", "pending"} and a.get("TaskStates")]
