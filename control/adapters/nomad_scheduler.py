"""The scheduler: HashiCorp Nomad, through python-nomad."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Generic, TypeVar

import nomad
import requests
from nomad.api.exceptions import BaseNomadException, URLNotAuthorizedNomadException, URLNotFoundNomadException

from control.adapters import http_sessions, nomad_reading
from control.ports.errors import JobRejected, SchedulerUnavailable
from control.ports.scheduler import Allocation, Deployment, Job, JobSummary
from jobs.names import APPS_NAMESPACE

_REMEMBERED = 20_000
_LOOK, _LOOKS = "5s", 4
"""How long one question after an evaluation may wait for news, and how often it is asked."""

_TROUBLE = ("No cluster leader", "leadership", "raft", "rpc error", "no path to region", "Not ready to serve")
"""What Nomad says, under status 500, of its own state rather than of the job."""

Value = TypeVar("Value")


class NomadScheduler:
    """Nomad's HTTP API in one namespace, with one token."""

    def __init__(self, address: str, token: str, *, namespace: str = APPS_NAMESPACE) -> None:
        self._nomad = nomad.Nomad(
            address=address.rstrip("/"),
            token=token,
            namespace=namespace,
            timeout=http_sessions.TIMEOUT,
            verify=True,
            session=http_sessions.session(),
        )
        self._namespace = namespace
        # None of these ever changes in Nomad, and its listings leave all of them out.
        self._metas: _Memory[Mapping[str, str]] = _Memory()
        self._addresses: _Memory[str] = _Memory()
        self._waits: _Memory[datetime | None] = _Memory()

    def submit(self, job: Job) -> int:
        try:
            with self._translated():
                answer = self._nomad.jobs.register_job({"Job": job})
        except _Refused as exc:
            raise JobRejected(f"Nomad refused the job: {exc}") from exc
        index = int(answer["JobModifyIndex"])
        if answer.get("EvalCreateIndex") == index:
            return index
        # Nothing changed: here the answer holds another index (the job's ModifyIndex) than when something did.
        known = self.job(job["ID"])
        return known.modify_index if known is not None else index

    def stop(self, job_id: str, *, purge: bool = False) -> None:
        try:
            with self._translated():
                stopped = self._nomad.job.deregister_job(job_id, purge=False)
                # Of a job that is not there, Nomad has nothing to evaluate.
                if purge and stopped["EvalID"]:
                    self._wait_for_evaluation(stopped["EvalID"], stopped["EvalCreateIndex"])
                    self._nomad.job.deregister_job(job_id, purge=True)
        except KeyError:
            return
        if purge:
            self._metas.forget(f"{job_id}@")

    def job(self, job_id: str) -> JobSummary | None:
        try:
            with self._translated():
                return nomad_reading.job_summary(self._nomad.job.get_job(job_id))
        except KeyError:
            return None

    def jobs(self, *, prefix: str = "") -> Mapping[str, JobSummary]:
        with self._translated():
            found = self._nomad.jobs.get_jobs(prefix=prefix or None, meta=True, namespace=self._namespace)
        return {one["ID"]: nomad_reading.job_summary(one) for one in found}

    def allocations(self, job_id: str) -> list[Allocation]:
        with self._translated():
            stubs = self._nomad.job.get_allocations(job_id) or []
            stubs.sort(key=lambda stub: (stub["CreateIndex"], stub["CreateTime"]), reverse=True)
            for stub in stubs:
                if stub["ClientStatus"] == "running" and stub["ID"] not in self._addresses:
                    self._look_into(stub)
            self._learn_metas(job_id, stubs)
            return [
                nomad_reading.allocation(
                    stub,
                    meta=self._metas.get(_version(stub)) or {},
                    address=self._addresses.get(stub["ID"]),
                    reschedule_at=self._wait(stub),
                )
                for stub in stubs
            ]

    def deployment(self, job_id: str) -> Deployment | None:
        try:
            with self._translated():
                record = self._nomad.job.get_deployment(job_id)
        except KeyError:
            return None
        return nomad_reading.deployment(record) if record else None

    def fail_deployment(self, deployment_id: str) -> None:
        try:
            with self._translated():
                self._nomad.deployment.fail_deployment(deployment_id)
        except KeyError:
            return
        except _Refused as exc:
            if self._still_runs(deployment_id):
                raise SchedulerUnavailable(f"Nomad could not end the deployment: {exc}") from exc

    def missing_capacity(self, job_id: str) -> str | None:
        try:
            with self._translated():
                evaluations = self._nomad.job.get_evaluations(job_id) or []
                if not any(one.get("Status") == "blocked" for one in evaluations):
                    return None
                return nomad_reading.missing(evaluations, self._nomad.job.get_job(job_id))
        except KeyError:
            return None

    def stop_allocation(self, allocation_id: str) -> None:
        try:
            with self._translated():
                self._nomad.allocation.stop_allocation(allocation_id)
        except KeyError:
            return

    def retry(self, job_id: str) -> None:
        what = {"JobID": job_id, "EvalOptions": {"ForceReschedule": True}}
        try:
            with self._translated():
                params = {"namespace": self._namespace}
                self._nomad.job.request(job_id, "evaluate", method="post", json=what, params=params)
        except (KeyError, _Refused):
            if self.job(job_id) is not None:
                raise

    def ping(self) -> None:
        with self._translated():
            leader = self._nomad.status.leader.get_leader()
        if not leader:
            raise SchedulerUnavailable("Nomad has no leader. Run `nomapaas doctor`.")

    def _wait_for_evaluation(self, evaluation_id: str, index: int) -> None:
        """Until Nomad has acted on a change of a job, and so on all earlier ones: it takes one at a time of each job.

        A plan that Nomad 1.11.2 or 1.11.3 applies after its job was purged kills the server (docs/decisions/0012).
        """
        for _ in range(_LOOKS):
            params = {"namespace": self._namespace, "index": index, "wait": _LOOK}
            found = self._nomad.evaluation.request(evaluation_id, method="get", params=params)
            if found.json()["Status"] != "pending":
                return
            index = int(found.headers["X-Nomad-Index"])
        raise SchedulerUnavailable("Nomad has not yet acted on the end of a job. It is tried again.")

    def _still_runs(self, deployment_id: str) -> bool:
        try:
            with self._translated():
                status = self._nomad.deployment.get_deployment(deployment_id)["Status"]
        except KeyError:
            return False
        return status not in {"successful", "failed", "cancelled"}

    def _look_into(self, stub: Mapping[str, Any]) -> None:
        """One allocation whole: the address and the job are in no listing."""
        try:
            whole = self._nomad.allocation.get_allocation(stub["ID"])
        except URLNotFoundNomadException:
            return
        address = (whole.get("NetworkStatus") or {}).get("Address")
        if address:
            self._addresses.put(stub["ID"], address)
        self._metas.put(_version(stub), dict((whole.get("Job") or {}).get("Meta") or {}))

    def _learn_metas(self, job_id: str, stubs: list[Mapping[str, Any]]) -> None:
        if all(_version(stub) in self._metas for stub in stubs):
            return
        with suppress(URLNotFoundNomadException):
            for version in self._nomad.job.get_versions(job_id).get("Versions") or []:
                self._metas.put(f"{job_id}@{version['Version']}", dict(version.get("Meta") or {}))
        for stub in stubs:
            # Nomad keeps the last six versions of a job; older allocations still know their own.
            if _version(stub) not in self._metas:
                self._look_into(stub)

    def _wait(self, stub: Mapping[str, Any]) -> datetime | None:
        """When Nomad replaces a crashed dyno: a delayed evaluation knows."""
        followup = stub.get("FollowupEvalID")
        if not followup or stub.get("NextAllocation"):
            return None
        if followup not in self._waits:
            try:
                found = self._nomad.evaluation.request(followup, method="get", params={"namespace": self._namespace})
                self._waits.put(followup, nomad_reading.wait_until(found.json()))
            except URLNotFoundNomadException:
                self._waits.put(followup, None)
        return self._waits.get(followup)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """python-nomad's exceptions → KeyError (no such thing), _Refused (Nomad says no), SchedulerUnavailable."""
        try:
            yield
        except URLNotFoundNomadException as exc:
            raise KeyError(str(exc)) from exc
        except URLNotAuthorizedNomadException as exc:
            raise SchedulerUnavailable(
                "Nomad refuses the control plane's token. Run `nomapaas up`, which makes a new one."
            ) from exc
        except BaseNomadException as exc:
            said = exc.nomad_resp.text.strip() if isinstance(exc.nomad_resp, requests.Response) else None
            if said is not None and not any(word in said for word in _TROUBLE):
                raise _Refused(" ".join(said.split())[:2000]) from exc
            raise SchedulerUnavailable("Nomad does not answer. Run `nomapaas status`.") from exc
        except (requests.RequestException, ValueError) as exc:
            raise SchedulerUnavailable("Nomad gives no proper answer. Run `nomapaas status`.") from exc


class _Refused(SchedulerUnavailable):
    """Nomad answered, with an error; what it said."""


class _Memory(Generic[Value]):
    """The most recently learnt facts, bounded; for many threads."""

    def __init__(self) -> None:
        self._facts: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return key in self._facts

    def get(self, key: str) -> Value | None:
        with self._lock:
            return self._facts.get(key)

    def put(self, key: str, value: Value) -> None:
        with self._lock:
            self._facts[key] = value
            while len(self._facts) > _REMEMBERED:
                self._facts.popitem(last=False)

    def forget(self, prefix: str) -> None:
        with self._lock:
            for key in [key for key in self._facts if key.startswith(prefix)]:
                del self._facts[key]


def _version(stub: Mapping[str, Any]) -> str:
    return f"{stub['JobID']}@{stub['JobVersion']}"
