"""One-off dynos: from the queue, through a Nomad job, to an exit code.

```mermaid
stateDiagram-v2
    [*] --> starting
    starting --> up: its process runs
    starting --> ended: it cannot be started, or is stopped
    up --> ended: its command ends, is stopped, or its time to live is over
```

Each look may be taken again: it reads what the row and the scheduler say and takes the next step.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from control.domain.dynos import cause_of
from control.domain.oneoffs import Oneoff
from control.ports.bundle import Ports
from control.ports.errors import JobRejected, PortError
from control.ports.scheduler import Allocation
from control.services import holds
from control.settings import Settings
from control.worker.crew import Crew
from jobs import names, oneoff
from jobs.spec import AppRef, Site

log = structlog.get_logger()

_PAUSE_S = 0.5
"""Between two looks at one that runs."""


class Oneoffs:
    """Looks after every one-off dyno that has not ended."""

    def __init__(self, *, ports: Ports, settings: Settings, site: Site, crew: Crew) -> None:
        self._ports = ports
        self._settings = settings
        self._site = site
        self._crew = crew
        self._looked: dict[str, float] = {}

    def tick(self) -> bool:
        """One look at the queue: one indexed query. Whether any has not ended."""
        with self._ports.state.view() as work:
            running = work.oneoffs.running()
        now = self._ports.clock.monotonic()
        self._looked = {each.id: self._looked[each.id] for each in running if each.id in self._looked}
        for each in running:
            due = self._looked.get(each.id, -_PAUSE_S) + _PAUSE_S
            hold = self._ports.state.hold(holds.looking_after(each.id))
            if due <= now and self._crew.dispatch(each.id, lambda each=each: self.look(each.id), hold=hold):  # type: ignore[misc]
                self._looked[each.id] = now
        return bool(running)

    def look(self, oneoff_id: str) -> None:
        """Take the next step of one. A part that does not answer leaves it for a later look."""
        with self._ports.state.view() as work:
            found = work.oneoffs.get(oneoff_id)
        if found is None or found.ended_at is not None:
            return
        try:
            self._step(found)
        except JobRejected as exc:
            self._end(found, exit_code=None, reason=f"It could not be scheduled: {exc}")
        except PortError as exc:
            log.warning("oneoff.waits", oneoff=oneoff_id, reason=str(exc))

    def _step(self, one: Oneoff) -> None:
        if one.submitted_at is None:
            submitted = self._submit(one)
            if submitted is None:
                return
            one = submitted
        job_id = names.oneoff_job_id(one.app_id, one.number)
        allocation = next(iter(self._ports.scheduler.allocations(job_id)), None)
        if allocation is not None and allocation.status.has_ended:
            self._end(one, exit_code=allocation.exit_code, reason=self._why(one, allocation))
        elif one.stop_requested or self._is_late(one):
            self._ports.scheduler.stop(job_id)
            if allocation is None:
                self._end(one, exit_code=None, reason=self._stopped(one))
        elif allocation is None:
            self._wait(one, job_id)
        elif allocation.started_at is not None and one.started_at is None:
            self._save(one, started_at=allocation.started_at, reason=None)

    def _submit(self, one: Oneoff) -> Oneoff | None:
        with self._ports.state.view() as work:
            app, slug = work.apps.get(one.app_id), work.slugs.get(one.slug_id)
        if app is None:
            return None
        if one.stop_requested or slug is None or slug.sha256 is None:
            self._end(one, exit_code=None, reason=self._stopped(one) if slug else "Its slug is gone; run it again.")
            return None
        if one.config_version:
            self._ports.vault.admit(app.id)
        spec = oneoff.OneoffSpec(
            app=AppRef(id=app.id, name=app.name, stack=slug.stack),
            number=one.number,
            release_version=one.release_version,
            slug_sha256=slug.sha256,
            config_version=one.config_version,
            command=one.command,
            size=one.size,
            kill_timeout_s=self._settings.stop_timeout,
        )
        self._ports.scheduler.submit(oneoff.run(spec, self._site))
        return self._save(one, submitted_at=self._ports.clock.now())

    def _wait(self, one: Oneoff, job_id: str) -> None:
        """Nothing is placed: say what is missing; a job that somebody removed will never be placed."""
        if self._ports.scheduler.job(job_id) is None:
            self._end(one, exit_code=None, reason="Somebody removed its job from Nomad; run it again.")
            return
        lack = self._ports.scheduler.missing_capacity(job_id)
        if lack != one.reason:
            self._save(one, reason=lack)

    def _is_late(self, one: Oneoff) -> bool:
        since = one.submitted_at or one.created_at
        return self._ports.clock.now() - since > timedelta(seconds=one.time_to_live)

    def _why(self, one: Oneoff, allocation: Allocation) -> str | None:
        if one.stop_requested or self._is_late(one):
            return self._stopped(one)
        return cause_of(allocation.exit_code, oom_killed=allocation.oom_killed, message=allocation.message)

    def _stopped(self, one: Oneoff) -> str:
        if one.stop_requested:
            return "It was stopped by a user."
        return f"It was stopped because its time to live of {one.time_to_live} seconds was over."

    def _end(self, one: Oneoff, *, exit_code: int | None, reason: str | None) -> None:
        """The row ends last, so that its own config vars are surely gone from Vault by then."""
        if one.has_own_config:
            self._ports.vault.delete(one.app_id, one.config_version)
        self._save(one, ended_at=self._ports.clock.now(), exit_code=exit_code, reason=reason)

    def _save(self, one: Oneoff, **changes: datetime | int | str | None) -> Oneoff:
        """Write what the worker alone knows; whether a user asked for a stop meanwhile stays as it is."""
        with self._ports.state.begin() as work:
            fresh = replace(work.oneoffs.get(one.id) or one, updated_at=self._ports.clock.now(), **changes)  # type: ignore[arg-type]
            work.oneoffs.save(fresh)
            work.commit()
        return fresh
