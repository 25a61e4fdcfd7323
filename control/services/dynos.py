"""Dynos as users see them, worked out from what the scheduler runs; and their restarts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import NAMESPACE_OID, uuid5

from control.domain.apps import App
from control.domain.dynos import Dyno, DynoState, cause_of
from control.domain.formations import Formation
from control.domain.health_checks import HealthCheck
from control.domain.oneoffs import TYPE as ONEOFF
from control.domain.slugs import WEB_TYPE, Slug
from control.errors import NotFound
from control.ports.bundle import Ports
from control.ports.errors import CatalogUnavailable, NodeUnavailable
from control.ports.scheduler import Allocation, AllocationStatus, Deployment
from control.ports.state import UnitOfWork
from control.services import idle_dynos
from control.services.actor import Actor, record_by
from control.services.announce import announce
from control.services.formations import find_formation
from control.services.releases import thaw
from jobs import names

_GONE = {AllocationStatus.LOST, AllocationStatus.UNKNOWN}


def list_dynos(ports: Ports, app: App) -> list[Dyno]:
    """Every dyno of the app, by type and number, with those that wait for room. Raises SchedulerUnavailable."""
    job_id = names.app_job_id(app.id)
    placed = _live(ports.scheduler.allocations(job_id))
    lack = ports.scheduler.missing_capacity(job_id)
    job = ports.scheduler.job(job_id) if lack else None
    deployment = ports.scheduler.deployment(job_id) if any(_undecided(each) for each in placed) else None
    late = _late(ports, app) if any(_undecided(each) and each.healthy is False for each in placed) else frozenset()
    with ports.state.view() as work:
        facts = _Facts(work, app, late)
        dynos = [facts.dyno(each, deployment) for each in placed]
        if lack and job and not job.stopped:
            dynos += facts.waiting(placed, release=_release(job.meta), reason=lack)
        dynos = idle_dynos.with_idle(work, app, dynos)
    return sorted(dynos, key=lambda dyno: (dyno.type, _number(dyno.name), dyno.release_version, dyno.id))


def with_memory(ports: Ports, app: App, dynos: Sequence[Dyno]) -> list[Dyno]:
    """The same dynos with what they use now, where the node agent knows; one-off dynos are found by their names."""
    try:
        used = {key: each.used_mb for each in ports.node.memory(app.id) for key in (each.allocation_id, each.dyno)}
    except NodeUnavailable:
        return list(dynos)
    return [
        replace(dyno, memory_mb=used.get(dyno.name if dyno.type == ONEOFF else dyno.id))
        if dyno.state in (DynoState.UP, DynoState.STARTING, DynoState.IDLE)
        else dyno
        for dyno in dynos
    ]


def find_dynos(ports: Ports, app: App, id_or_name: str) -> list[Dyno]:
    """All dynos of one name: two of them while a release takes over from another. Raises NotFound."""
    found = [dyno for dyno in list_dynos(ports, app) if id_or_name in (dyno.name, dyno.id)]
    if not found:
        raise NotFound(
            f"Couldn't find that dyno ({id_or_name:.63}); list the dynos of {app.name} with `nomapaas ps`.",
            resource="dyno",
        )
    return found


@dataclass(frozen=True, kw_only=True)
class RestartDynos:
    """Restart all dynos of an app, those of one type or one alone."""

    ports: Ports

    def all(self, actor: Actor, app: App) -> None:
        """A rolling restart: new dynos take over before old ones stop."""
        with self.ports.state.begin() as work:
            app = work.apps.get(app.id) or app
            work.apps.save(replace(app, restart_nonce=app.restart_nonce + 1, frozen=False))
            work.apps.touch(app.id)
            self._record(work, actor, app, "all")
            work.commit()
        announce(self.ports, app.id, f"Restarted by user {actor.account.email}")

    def of_type(self, actor: Actor, app: App, process_type: str) -> None:
        """Stop the dynos of one type; the scheduler starts them again, crashed ones at once. Raises NotFound."""
        with self.ports.state.view() as work:
            wanted = find_formation(work, app, process_type).type
        self._stop(actor, app, wanted, [each for each in list_dynos(self.ports, app) if each.type == wanted])

    def one(self, actor: Actor, app: App, id_or_name: str) -> None:
        """Stop one dyno; the scheduler starts it again, a crashed one at once. Raises NotFound."""
        self._stop(actor, app, id_or_name, find_dynos(self.ports, app, id_or_name))

    def _stop(self, actor: Actor, app: App, what: str, dynos: Sequence[Dyno]) -> None:
        for dyno in dynos:
            if not dyno.is_waiting and dyno.state not in {DynoState.IDLE, DynoState.CRASHED}:
                self.ports.scheduler.stop_allocation(dyno.id)
        if any(dyno.state is DynoState.CRASHED for dyno in dynos):
            self.ports.scheduler.retry(names.app_job_id(app.id))
        with self.ports.state.begin() as work:
            latest = work.apps.get(app.id)
            if latest is not None and latest.frozen:
                # It sleeps on, and starts from nothing when it wakes.
                thaw(work, app.id)
                work.apps.touch(app.id)
            self._record(work, actor, app, what)
            work.commit()
        announce(self.ports, app.id, f"Restarted {what} by user {actor.account.email}")

    def _record(self, work: UnitOfWork, actor: Actor, app: App, what: str) -> None:
        record_by(work, actor, app, now=self.ports.clock.now(), action="dyno.restart", detail=what)


class _Facts:
    """What the state knows of an app's dynos, each release read once."""

    def __init__(self, work: UnitOfWork, app: App, late: frozenset[tuple[str, int]]) -> None:
        self._work = work
        self._app = app
        self._late = late
        self._formation: dict[str, Formation] = {row.type: row for row in work.formations.list(app.id)}
        self._slugs: dict[int, Slug | None] = {}

    def dyno(self, allocation: Allocation, deployment: Deployment | None) -> Dyno:
        release = _release(allocation.meta)
        slug = self._slug(release)
        place = (_name(allocation.group, allocation.index), release)
        check = slug.health_check if slug else None
        state, reason = _judged(allocation, deployment, check, is_late=place in self._late)
        row = self._formation.get(allocation.group)
        return Dyno(
            id=allocation.id,
            app_id=self._app.id,
            name=_name(allocation.group, allocation.index),
            type=allocation.group,
            state=state,
            size=row.size if row else "free",
            command=self._types(release).get(allocation.group, row.command if row else ""),
            release_version=release,
            created_at=allocation.created_at,
            updated_at=allocation.modified_at,
            reason=reason,
        )

    def waiting(self, placed: Sequence[Allocation], *, release: int, reason: str) -> list[Dyno]:
        """The dynos of the newest release that found no room yet."""
        have = {(each.group, each.index) for each in placed if _release(each.meta) == release}
        rows = (row for row in self._formation.values() if row.type in self._types(release))
        return [
            Dyno(
                id=str(uuid5(NAMESPACE_OID, f"{self._app.id}.{row.type}.{index}.{release}")),
                app_id=self._app.id,
                name=_name(row.type, index),
                type=row.type,
                state=DynoState.STARTING,
                size=row.size,
                command=self._types(release)[row.type],
                release_version=release,
                created_at=row.updated_at,
                updated_at=row.updated_at,
                reason=reason,
                is_waiting=True,
            )
            for row in rows
            for index in range(row.quantity)
            if (row.type, index) not in have
        ]

    def _types(self, version: int) -> dict[str, str]:
        slug = self._slug(version)
        return slug.scalable_types if slug else {}

    def _slug(self, version: int) -> Slug | None:
        if version not in self._slugs:
            release = self._work.releases.by_version(self._app.id, version)
            self._slugs[version] = self._work.slugs.get(release.slug_id) if release and release.slug_id else None
        return self._slugs[version]


def _live(allocations: Iterable[Allocation]) -> list[Allocation]:
    """What is or should be running: of each place of each release the newest try, and whatever else still runs there.

    While a restart's new dynos boot the old ones of the same release go on serving, and both are shown.
    """
    wanted = [each for each in allocations if each.desired == "run" and each.rescheduled_to is None]
    newest: dict[tuple[str, int, int], Allocation] = {}
    for each in wanted:
        newest.setdefault((each.group, each.index, _release(each.meta)), each)
    running = {(each.group, each.index) for each in wanted if each.status is AllocationStatus.RUNNING}
    tries = {each.id for each in newest.values()}
    return [
        each
        for each in wanted
        if each.status is AllocationStatus.RUNNING
        or (each.id in tries and (each.status is AllocationStatus.PENDING or (each.group, each.index) not in running))
    ]


def _late(ports: Ports, app: App) -> frozenset[tuple[str, int]]:
    """Web dynos that are well by now: Nomad's verdict on one that took too long is final, and Consul knows better."""
    try:
        instances = ports.catalog.instances()
    except CatalogUnavailable:
        return frozenset()
    return frozenset((each.dyno, each.release) for each in instances if each.app_id == app.id and each.passing)


def _undecided(allocation: Allocation) -> bool:
    """A web dyno runs before it accepts; until its deployment has a verdict it is only starting."""
    return (
        allocation.group == WEB_TYPE
        and allocation.status is AllocationStatus.RUNNING
        and allocation.healthy is not True
    )


def _judged(
    allocation: Allocation, deployment: Deployment | None, check: HealthCheck | None, *, is_late: bool
) -> tuple[DynoState, str | None]:
    if allocation.status is AllocationStatus.PENDING:
        return DynoState.STARTING, None
    if allocation.status in _GONE:
        return DynoState.DOWN, "Its node does not answer."
    if allocation.status is AllocationStatus.RUNNING:
        if _undecided(allocation) and _still_boots(allocation, deployment, is_late=is_late):
            missing = f"answer GET {check.path} with 200 to 399" if check else "accept connections on $PORT"
            return DynoState.STARTING, f"It does not {missing} yet."
        return DynoState.UP, None
    return DynoState.CRASHED, _crash(allocation)


def _still_boots(allocation: Allocation, deployment: Deployment | None, *, is_late: bool) -> bool:
    if allocation.healthy is False:
        return not is_late
    return (
        deployment is not None and deployment.status == "running" and deployment.job_version == allocation.job_version
    )


def _crash(allocation: Allocation) -> str:
    cause = cause_of(
        allocation.exit_code,
        oom_killed=allocation.oom_killed,
        unwell=allocation.unwell,
        message=allocation.message,
    )
    if allocation.reschedule_at is not None:
        cause += f" It is started again at {allocation.reschedule_at:%H:%M:%S} UTC."
    return cause


def _release(meta: Mapping[str, str]) -> int:
    text = meta.get("release", "")
    return int(text) if text.isdigit() else 0


def _name(process_type: str, index: int) -> str:
    return f"{process_type}.{index + 1}"


def _number(name: str) -> int:
    return int(name.rpartition(".")[2])
