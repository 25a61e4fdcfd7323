"""Following what a build or a release phase prints until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from control.domain.builds import BuildStatus
from control.domain.releases import ReleaseStatus
from control.ports.bundle import Ports
from control.ports.errors import PortError
from control.ports.state import UnitOfWork
from jobs import names

_PAUSE_S = 0.1
_HEARTBEAT_S = 10.0
_PHASE_LOOK_S = 0.5
_PHASE_QUIET_S = 1.0
"""The worker copies the last lines within this time after a release phase has ended."""


class OutputTail:
    """The output of one build (`build`) or release (`release`)."""

    def __init__(self, ports: Ports, *, kind: str, owner_id: str) -> None:
        self._ports = ports
        self._kind = kind
        self._owner_id = owner_id

    def app_id(self) -> str | None:
        """The app that it is of; None when there is no such build or release."""
        with self._ports.state.view() as work:
            rows = work.builds if self._kind == "build" else work.releases
            owner = rows.get(self._owner_id)
        return None if owner is None else owner.app_id

    def size(self) -> int:
        """Bytes printed so far."""
        with self._ports.state.view() as work:
            return work.outputs.size(self._owner_id)

    def follow(self, offset: int, *, given_up: Callable[[], bool]) -> Iterator[bytes]:
        """Give pieces as they come, until the end or until nobody wants them; an empty one is a heartbeat."""
        clock = self._ports.clock
        spoke = printed = looked = clock.monotonic()
        while True:
            # Is it over? is asked before the read, so that nothing printed in between is lost.
            with self._ports.state.view() as work:
                pending = self._pending(work)
                piece = work.outputs.read(self._owner_id, offset=offset)
            now = clock.monotonic()
            if piece:
                offset += len(piece)
                spoke = printed = now
                yield piece
            elif not pending:
                return
            elif self._kind == "release" and now - looked >= _PHASE_LOOK_S:
                looked = now
                if now - printed >= _PHASE_QUIET_S and self._phase_has_ended():
                    return
            elif now - spoke >= _HEARTBEAT_S:
                spoke = now
                yield b""
            if not piece:
                if given_up():
                    return
                clock.wait(_PAUSE_S)

    def _pending(self, work: UnitOfWork) -> bool | None:
        if self._kind == "build":
            build = work.builds.get(self._owner_id)
            return None if build is None else build.status is BuildStatus.PENDING
        release = work.releases.get(self._owner_id)
        return None if release is None else release.status is ReleaseStatus.PENDING

    def _phase_has_ended(self) -> bool:
        """The release goes on after its phase, with the boot, and prints nothing then."""
        with self._ports.state.view() as work:
            release = work.releases.get(self._owner_id)
        if release is None:
            return True
        try:
            job = self._ports.scheduler.job(names.release_phase_job_id(release.app_id, release.version))
        except PortError:
            return False
        return job is not None and job.status == "dead"
