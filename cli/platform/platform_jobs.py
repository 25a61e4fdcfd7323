"""nomapaas' own Nomad jobs: the control plane and the edge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from cli.platform import digest, files
from cli.platform.commands import run
from cli.platform.database import database
from cli.platform.instance import CACHE_USER, CONTROL_USER, ROUTER_USER, Instance
from cli.platform.nomad_setup import Nomad
from cli.platform.problem import Problem
from cli.platform.programs import common_env, python_prefix
from cli.platform.progress import wait_for
from cli.platform.stack_registry import registry_env

CONTROL, EDGE, CACHE = "nomapaas-control", "nomapaas-edge", "nomapaas-cache"
_READY_SECONDS = 90
_SHOWN_LINES = 5
_NO_APP = "00000000-0000-0000-0000-000000000000"


class PlatformJobs:
    """Submits the jobs of `nomad/*.nomad.hcl` and waits until what they run answers."""

    def __init__(self, instance: Instance, binaries: Mapping[str, Path]) -> None:
        self._instance = instance
        self._binaries = binaries
        self._nomad = Nomad(instance)

    def run_edge(self) -> None:
        """Render nginx' and consul-template's configuration, start both, wait for the first table.

        An nginx that runs takes a new configuration over by a reload: no connection is refused, and open ones go on.
        """
        instance = self._instance
        etc = instance.etc / "router"
        environment = common_env(instance) | _router_settings(instance) | {"PYTHONPATH": str(instance.checkout)}
        run([instance.python, "-m", "router"], env=environment, cwd=instance.checkout)
        uid, gid = files.user_ids(ROUTER_USER)
        self._submit(
            "edge",
            {
                "home": str(instance.home),
                "user": ROUTER_USER,
                "uid": uid,
                "gid": gid,
                "memory": int((etc / "memory-mb").read_text()),
                "consul_template": str(self._binaries["consul-template"]),
                "start": digest.of_files([etc / "start-nginx"]),
                "feed": digest.of_files(
                    [etc / "start-consul-template", etc / "consul-template.json", *etc.glob("*.ctmpl")]
                    + [path for path in (instance.secrets / "router").iterdir() if path.is_file()]
                ),
            },
        )
        self._wait(EDGE, self.edge_ready, "The edge has no routing table")
        if not self.edge_current():
            self._signal(EDGE, "nginx", "SIGHUP")
            self._wait(
                EDGE, self.edge_current, "The edge does not take over its new configuration and goes on with the old"
            )

    def edge_current(self) -> bool:
        """Whether nginx runs on the configuration that was rendered last."""
        answer = over_socket(self._instance.home / "router" / "edge.sock", "/health")
        wanted = (self._instance.etc / "router" / "config-id").read_text()
        return answer is not None and answer.get("config") == wanted

    def run_cache(self) -> None:
        """Start Varnish on what `run_edge` rendered, and wait until it answers."""
        instance = self._instance
        uid, gid = files.user_ids(CACHE_USER)
        told = int(float(_router_settings(instance).get("NOMAPAAS_ROUTER_CACHE_MEMORY", "128")))
        self._submit(
            "cache",
            {
                "home": str(instance.home),
                "user": CACHE_USER,
                "uid": uid,
                "gid": gid,
                "memory": 2 * told + 64,
                "config": digest.of_folders([instance.etc / "router" / "cache"]),
            },
        )
        self._wait(CACHE, self.cache_ready, "The HTTP cache does not answer")

    def cache_ready(self) -> bool:
        """Whether Varnish answers the edge."""
        answer = over_socket(self._instance.home / "router" / "edge.sock", f"/cache?app={_NO_APP}")
        return answer is not None and answer.get("answers") is True

    def edge_ready(self) -> bool:
        """Whether nginx has a table."""
        answer = over_socket(self._instance.home / "router" / "edge.sock", "/health")
        return answer is not None and answer.get("version", 0) > 0

    def run_control(self, *, build_stamp: str, stack_versions: Mapping[str, str]) -> None:
        """Start the API and the worker, wait until the API answers."""
        instance = self._instance
        environment = common_env(instance) | instance.public.env() | dict(instance.passed_on)
        environment.setdefault("NOMAPAAS_BUILD_ENV", json.dumps(registry_env()))
        environment.setdefault("NOMAPAAS_BUILD_STAMP", build_stamp)
        environment["NOMAPAAS_STACK_VERSIONS"] = json.dumps(stack_versions)
        uid, gid = files.user_ids(CONTROL_USER)
        secrets = [instance.secrets / "control"]
        processes = database(instance)
        self._submit(
            "control",
            {
                "home": str(instance.home),
                "checkout": str(instance.checkout),
                "python": str(instance.python),
                "python_prefix": str(python_prefix()),
                "listen": f"{instance.bind}:{instance.port('api')}",
                "check_address": instance.inside,
                "port": instance.port("api"),
                "user": CONTROL_USER,
                "uid": uid,
                "gid": gid,
                "workers": processes.workers,
                "api_processes": processes.api_processes,
                "env": environment,
                "code": code_digest(instance) + digest.of_folders(secrets)[:8],
            },
        )
        self._wait(CONTROL, self.api_ready, "The control API does not answer")

    def api_ready(self) -> bool:
        """Whether the API answers at all."""
        try:
            return httpx.get(f"{self._instance.inside_url('api')}/health", timeout=5, trust_env=False).status_code < 500
        except httpx.HTTPError:
            return False

    def _submit(self, name: str, variables: Mapping[str, Any]) -> None:
        path = self._instance.etc / "nomad" / f"{name}.vars.json"
        files.write_json(path, _literal(variables))
        run(
            [
                self._binaries["nomad"],
                "job",
                "run",
                "-detach",
                f"-var-file={path}",
                self._instance.checkout / "nomad" / f"{name}.nomad.hcl",
            ],
            env={
                "NOMAD_ADDR": self._instance.url("nomad_http"),
                "NOMAD_TOKEN": self._nomad.tokens()["management"],
                "HOME": "/root",
                "NO_COLOR": "1",
            },
        )

    def _signal(self, job: str, task: str, signal: str) -> None:
        """Send a signal to a task wherever it runs."""
        api, where = self._nomad.api(), {"namespace": "platform"}
        for allocation in api.call("GET", f"/v1/job/{job}/allocations", params=where):
            if allocation["ClientStatus"] == "running" and task in (allocation.get("TaskStates") or {}):
                body = {"Task": task, "Signal": signal}
                api.call("POST", f"/v1/client/allocation/{allocation['ID']}/signal", body, params=where)

    def _settled(self, job: str) -> bool:
        """Whether every group of the job's newest version runs, and nothing of an older one."""
        api, where = self._nomad.api(), {"namespace": "platform"}
        wanted = api.call("GET", f"/v1/job/{job}", params=where)
        running = [
            (allocation["TaskGroup"], allocation["JobVersion"])
            for allocation in api.call("GET", f"/v1/job/{job}/allocations", params=where)
            if allocation["ClientStatus"] == "running"
        ]
        expected = [(group["Name"], wanted["Version"]) for group in wanted["TaskGroups"] for _ in range(group["Count"])]
        return sorted(running) == sorted(expected)

    def _wait(self, job: str, ready: Callable[[], bool], what: str) -> None:
        def settled_and_ready() -> bool:
            return self._settled(job) and ready()

        try:
            wait_for(settled_and_ready, seconds=_READY_SECONDS, problem=what, pause=0.25)
        except Problem as exc:
            raise Problem(f"{what} after {_READY_SECONDS} s. {self.last_words(job)}") from exc

    def last_words(self, job: str) -> str:
        """What Nomad and the newest tasks of a job said last."""
        said = []
        allocations = self._nomad.api().call("GET", f"/v1/job/{job}/allocations", params={"namespace": "platform"})
        for allocation in sorted(allocations, key=lambda a: -a["CreateIndex"])[:2]:
            for task, state in (allocation.get("TaskStates") or {}).items():
                events = [event["DisplayMessage"] for event in state["Events"] if event.get("DisplayMessage")]
                said.append(f"{task} is {state['State']}: {' / '.join(events[-2:])}")
                logs = self._instance.home / "nomad" / "alloc" / allocation["ID"] / "alloc" / "logs"
                said += [line for kind in ("stdout", "stderr") for line in _tail(logs, f"{task}.{kind}.")]
        return "\n".join(said) if said else f"`nomad job status -namespace=platform {job}` says why."

    def stop(self, job: str) -> None:
        """Stop a job; a missing one is success."""
        self._nomad.api().ask("DELETE", f"/v1/job/{job}", params={"namespace": "platform"})


def code_digest(instance: Instance) -> str:
    """Changes with the source of the control plane."""
    return digest.of_folders(
        [instance.checkout / "control", instance.checkout / "jobs"], suffixes=(".py", ".mako", ".json")
    )


def over_socket(path: Path, url: str) -> dict[str, Any] | None:
    """The JSON answer to a GET over a unix socket, or None."""
    transport = httpx.HTTPTransport(uds=str(path))
    try:
        with httpx.Client(transport=transport, timeout=5) as client:
            answer = client.get(f"http://localhost{url}")
            value = answer.json() if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError, OSError):
        return None
    return value if isinstance(value, dict) else None


def _router_settings(instance: Instance) -> dict[str, str]:
    own = {name: value for name, value in instance.passed_on if name.startswith("NOMAPAAS_ROUTER_")}
    return instance.public.env() | own


def _literal(value: Any) -> Any:
    """The same value with nothing in it that HCL would take for a template."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, Mapping):
        return {key: _literal(each) for key, each in value.items()}
    return value


def _tail(logs: Path, prefix: str) -> list[str]:
    found = sorted(logs.glob(f"{prefix}*")) if logs.is_dir() else []
    if not found:
        return []
    return found[-1].read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
