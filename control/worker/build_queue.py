"""The queue of builds: oldest first, one an app at a time, as many at once as the platform allows."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field

from control.domain.builds import Build
from control.ports.bundle import Ports
from control.services import holds
from control.worker.builds import Builder
from control.worker.crew import Crew
from control.worker.output import WAITING


@dataclass(frozen=True, kw_only=True)
class BuildQueue:
    """Hands pending builds to the crew, and tells those that cannot begin yet what they wait for."""

    ports: Ports
    crew: Crew
    builder: Builder
    _told: set[str] = field(default_factory=set, init=False)
    """Builds that were told since this worker began, so that a look at a long queue costs nothing."""

    def tick(self) -> bool:
        """One look at the queue. Whether anything is in it."""
        with self.ports.state.view() as work:
            pending = work.builds.pending()
        self._told.intersection_update(build.id for build in pending)
        seen: set[str] = set()
        for build in pending:
            if build.app_id in seen:
                self._tell(build, "for the end of the build before this one")
            elif not self._start(build) and build.app_id not in self.crew.busy and self.crew.is_full:
                self._tell(build, _place(build, pending, busy=self.crew.busy))
            seen.add(build.app_id)
        return bool(pending)

    def _start(self, build: Build) -> bool:
        hold = self.ports.state.hold(holds.building(build.app_id))
        return self.crew.dispatch(build.app_id, lambda: self.builder.run(build.id), hold=hold)

    def _tell(self, build: Build, what: str) -> None:
        """Say once what a build waits for: whoever pushes reads its output."""
        if build.id in self._told or build.started_at is not None:
            return
        self._told.add(build.id)
        with self.ports.state.begin() as work:
            if not work.outputs.size(build.id):
                work.outputs.append(build.id, f"{WAITING}{what}\n")
                work.commit()


def _place(build: Build, pending: Sequence[Build], *, busy: Collection[Hashable]) -> str:
    others = f"{len(busy)} other builds run" if len(busy) > 1 else "another build runs"
    ahead = sum(each.started_at is None and each.app_id not in busy for each in pending[: pending.index(build)])
    return f"for a free place: {others}, and {ahead} more come first" if ahead else f"for a free place: {others}"
