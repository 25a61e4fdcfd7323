"""How each part of the platform is, for `status` and `doctor`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from cli.platform.instance import Instance
from cli.platform.nomad_setup import Nomad
from cli.platform.platform_jobs import CACHE, CONTROL, EDGE, over_socket
from cli.platform.problem import Problem
from cli.platform.programs import SERVERS
from cli.platform.supervise import Supervisor

_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part: what its keeper says, and whether it answers."""

    name: str
    ok: bool
    state: str
    detail: str = ""
    pid: int | None = None
    uptime: int | None = None
    """Seconds."""

    def record(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def parts(instance: Instance) -> list[Part]:
    """Every part, whatever state the rest is in."""
    supervisor = Supervisor(instance)
    alive = supervisor.alive()
    known = supervisor.states() if alive else {}
    found = [Part(name="supervisord", ok=alive, state="running" if alive else "stopped")]
    answers: Mapping[str, Callable[[], str | None]] = {
        "consul": lambda: _led(instance.url("consul_http")),
        "minio": lambda: _status(f"{instance.inside_url('minio')}/minio/health/live", {200}),
        "vault": lambda: _vault(instance),
        "unsealer": lambda: None,
        "node": lambda: _socket(instance.run / "node.sock"),
        "nomad": lambda: _led(instance.url("nomad_http")),
        "nomad-client": lambda: _client(instance),
    }
    found += [_supervised(name, known.get(name), answers[name]) for name in SERVERS]
    found += [
        _job(instance, EDGE, lambda: _edge(instance)),
        _job(instance, CACHE, lambda: _cache(instance)),
        _job(instance, CONTROL, lambda: _status(f"{instance.inside_url('api')}/health", {200})),
    ]
    return found


def _supervised(name: str, info: Mapping[str, Any] | None, answers: Callable[[], str | None]) -> Part:
    if info is None:
        return Part(name=name, ok=False, state="stopped")
    state = str(info["statename"]).lower()
    if state != "running":
        return Part(name=name, ok=False, state=state, detail=str(info.get("spawnerr") or info.get("description", "")))
    wrong = answers()
    return Part(
        name=name,
        ok=wrong is None,
        state=state,
        detail=wrong or "",
        pid=info["pid"],
        uptime=max(0, int(time.time()) - int(info["start"])),
    )


def _job(instance: Instance, job: str, answers: Callable[[], str | None]) -> Part:
    name = job.removeprefix("nomapaas-")
    api = Nomad(instance).api()
    try:
        response = api.ask("GET", f"/v1/job/{job}/allocations", params={"namespace": "platform"})
        allocations = response.json() if response.status_code == 200 else []
    except (Problem, ValueError):
        wrong = answers()
        return Part(name=name, ok=False, state="unknown", detail="Nomad does not answer" if wrong else "it answers")
    running = [a for a in allocations if a["ClientStatus"] == "running"]
    if not running:
        return Part(name=name, ok=False, state="stopped")
    wrong = answers()
    groups = ", ".join(sorted(a["TaskGroup"] for a in running))
    return Part(name=name, ok=wrong is None, state="running", detail=wrong or groups)


def _status(url: str, wanted: set[int]) -> str | None:
    try:
        answer = httpx.get(url, timeout=_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return f"does not answer at {url}"
    return None if answer.status_code in wanted else f"{url} answers with status {answer.status_code}"


def _led(url: str) -> str | None:
    try:
        answer = httpx.get(f"{url}/v1/status/leader", timeout=_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return f"does not answer at {url}"
    return None if answer.status_code == 200 and answer.text.strip() not in {"", '""'} else "has no leader"


def _vault(instance: Instance) -> str | None:
    url = f"{instance.url('vault')}/v1/sys/health"
    try:
        status = httpx.get(url, timeout=_SECONDS, trust_env=False).status_code
    except httpx.HTTPError:
        return f"does not answer at {instance.url('vault')}"
    return {200: None, 429: "is on standby", 501: "is not initialised", 503: "is sealed"}.get(
        status, f"answers with status {status}"
    )


def _client(instance: Instance) -> str | None:
    try:
        nodes = Nomad(instance).api().call("GET", "/v1/nodes")
    except Problem as problem:
        return str(problem)
    if not any(node["Status"] == "ready" for node in nodes):
        return "is not registered as ready"
    if not any(node["SchedulingEligibility"] == "eligible" for node in nodes):
        return "takes no jobs; run `nomapaas up`"
    return None


def _socket(path: Path) -> str | None:
    return None if over_socket(path, "/health") is not None else f"does not answer at {path}"


def _cache(instance: Instance) -> str | None:
    answer = over_socket(instance.home / "router" / "edge.sock", "/cache?app=00000000-0000-0000-0000-000000000000")
    return None if answer is not None and answer.get("answers") is True else "Varnish does not answer the edge"


def _edge(instance: Instance) -> str | None:
    answer = over_socket(instance.home / "router" / "edge.sock", "/health")
    if answer is None:
        return "nginx does not answer"
    return None if answer.get("version", 0) > 0 else "has no routing table yet"
