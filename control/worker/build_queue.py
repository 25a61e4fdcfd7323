"""The queue of builds: one an app at a time, as many at once as the platform allows, and accounts take turns.

A free place goes to the account with the fewest builds under way, among equals to the one whose turn was longest ago,
and there to its oldest build. So ten builds of one account keep nobody else's waiting for longer than a place takes to
get free, and no account has every place for long while another one waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from control.domain.builds import Build
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
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
    _owners: dict[str, str] = field(default_factory=dict, init=False)
    """Of the apps that have builds in the queue, for the same reason."""
    _turns: dict[str, int] = field(default_factory=dict, init=False)
    """The number of each owner's last turn, as long as anything is in the queue."""

    def tick(self) -> bool:
        """One look at the queue. Whether anything is in it."""
        with self.ports.state.view() as work:
            pending = work.builds.pending()
            self._learn_owners(work, {build.app_id for build in pending})
        self._told.intersection_update(build.id for build in pending)
        if not pending:
            self._turns.clear()
        first: dict[str, Build] = {}
        for build in pending:
            if first.setdefault(build.app_id, build) is not build:
                self._tell(build, "for the end of the build before this one")
        ahead = 0
        for build in self._in_turn(first.values()):
            if not self._start(build) and self.crew.is_full:
                self._tell(build, _place(ahead, running=len(self.crew.busy)))
                ahead += 1
        return bool(pending)

    def _learn_owners(self, work: UnitOfWork, apps: Collection[str]) -> None:
        for app_id in self._owners.keys() - apps:
            del self._owners[app_id]
        for app_id in apps - self._owners.keys():
            if app := work.apps.get(app_id):
                self._owners[app_id] = app.owner_id

    def _in_turn(self, builds: Collection[Build]) -> list[Build]:
        """Those not at work here: what a dead worker has left first, then what waits, in the order of turns."""
        busy = self.crew.busy
        begun = [each for each in builds if each.started_at is not None and each.app_id not in busy]
        waiting = [each for each in builds if each.started_at is None and each.app_id not in busy]
        places: Counter[str] = Counter(
            self._owner(each) for each in builds if each.started_at is not None or each.app_id in busy
        )
        ranked: list[tuple[int, int, int]] = []
        for number, build in enumerate(waiting):
            owner = self._owner(build)
            ranked.append((places[owner], self._turns.get(owner, 0), number))
            places[owner] += 1
        return begun + [waiting[number] for _, _, number in sorted(ranked)]

    def _owner(self, build: Build) -> str:
        return self._owners.get(build.app_id, "")

    def _start(self, build: Build) -> bool:
        hold = self.ports.state.hold(holds.building(build.app_id))
        started = self.crew.dispatch(build.app_id, lambda: self.builder.run(build.id), hold=hold)
        if started:
            self._turns[self._owner(build)] = max(self._turns.values(), default=0) + 1
        return started

    def _tell(self, build: Build, what: str) -> None:
        """Say once what a build waits for: whoever pushes reads its output."""
        if build.id in self._told or build.started_at is not None:
            return
        self._told.add(build.id)
        with self.ports.state.begin() as work:
            if not work.outputs.size(build.id):
                work.outputs.append(build.id, f"{WAITING}{what}\n")
                work.commit()


def _place(ahead: int, *, running: int) -> str:
    others = f"{running} other builds run" if running > 1 else "another build runs"
    return (
        f"for a free place: {others}, and {ahead} more come first as of now" if ahead else f"for a free place: {others}"
    )
