"""How much the apps of one account may use together. It is the owner's quota that counts, whoever asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from types import MappingProxyType

from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.formations import Formation
from control.domain.people import Quota, Usage, with_own
from control.domain.sizes import DEFAULT_SIZE, SIZES
from control.domain.slugs import Slug
from control.errors import QuotaReached
from control.ports.state import UnitOfWork

UNLIMITED = Quota(apps=0, dynos=0, memory_mb=0, builds=0, storage_mb=0, releases=0, domains=0)


class Resource(StrEnum):
    """What a quota limits at the moment of a request; the value is the field's name."""

    APPS = "apps"
    DYNOS = "dynos"
    MEMORY = "memory_mb"
    BUILDS = "builds"
    STORAGE = "storage_mb"


NOTHING: Mapping[str, int] = MappingProxyType({})

FOR_A_SLUG = (Resource.STORAGE, Resource.DYNOS, Resource.MEMORY)
"""What a deploy uses more of."""

_WORDS = {
    Resource.APPS: ("{} apps", "destroy one that is no longer needed"),
    Resource.DYNOS: ("{} dynos", "scale something down first"),
    Resource.MEMORY: ("dynos of {} MB in all", "scale something down first"),
    Resource.BUILDS: ("{} builds at once", "wait until one has ended"),
    Resource.STORAGE: ("{} MB of slugs", "destroy an app that is no longer needed"),
}


def quota_of(account: Account, base: Quota) -> Quota:
    """An account's quota: the platform's, with what it has of its own. Admins have only what they have of their own."""
    return with_own(UNLIMITED if account.admin else base, account.quota)


def used(usage: Usage) -> dict[str, int]:
    """Usage in the units of the quota, by its fields' names."""
    return {
        Resource.APPS: usage.apps,
        Resource.DYNOS: sum(usage.dynos.values()),
        Resource.MEMORY: sum(SIZES[size].memory_mb * count for size, count in usage.dynos.items()),
        Resource.BUILDS: usage.builds,
        Resource.STORAGE: usage.storage >> 20,
    }


def first_dynos(work: UnitOfWork, app_id: str) -> dict[str, int]:
    """What a deploy starts by itself, by size, where the app has no release: a web dyno, or what it was scaled to."""
    if _living_types(work, app_id):
        return {}
    rows = work.formations.list(app_id)
    return dynos_of(rows) if rows else {DEFAULT_SIZE: 1}


def returning(work: UnitOfWork, app_id: str, slug: Slug) -> list[Formation]:
    """What the app still wants of process types that no release of it has, and that come back with this slug.

    Formations outlive their process types; while nothing can run of them they count in no quota.
    """
    coming = slug.scalable_types.keys() - _living_types(work, app_id)
    return [row for row in work.formations.list(app_id) if row.quantity and row.type in coming]


def demand_returning(work: UnitOfWork, base: Quota, app: App, slug: Slug) -> None:
    """Check the dynos that a slug brings back, before the release that does. Raises QuotaReached."""
    if rows := returning(work, app.id, slug):
        demand_quota(work, base, app.owner_id, Resource.DYNOS, Resource.MEMORY, to_come=dynos_of(rows))


def _living_types(work: UnitOfWork, app_id: str) -> set[str]:
    """Those that `Usage` counts: of the release on the air, and of all that may take its place."""
    releases = [each for each in work.releases.pending() if each.app_id == app_id]
    if current := work.releases.current(app_id):
        releases.append(current)
    slugs = work.slugs.of({each.slug_id for each in releases if each.slug_id})
    return {each for slug in slugs.values() for each in slug.scalable_types}


def dynos_of(rows: Sequence[Formation]) -> dict[str, int]:
    """How many of which size."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.size] += row.quantity
    return dict(counts)


def demand_quota(
    work: UnitOfWork, base: Quota, owner_id: str, *resources: Resource, to_come: Mapping[str, int] = NOTHING
) -> None:
    """Check what a unit of work has made, before it is committed; leaving it undoes that. Raises QuotaReached.

    `to_come` are dynos, by size, that follow from it later.
    """
    owner = work.accounts.get(owner_id)
    if owner is None:
        return
    limits = asdict(quota_of(owner, base))
    # Others wait for this unit of work, so nothing is added up that no limit is set on.
    if not any(limits[resource] for resource in resources):
        return
    usage = work.usages.of(owner_id)
    amounts = used(replace(usage, dynos=Counter(usage.dynos) + Counter(to_come)))
    for resource in resources:
        amount, limit = amounts[resource], limits[resource]
        if limit and amount > limit:
            what, way_out = _WORDS[resource]
            raise QuotaReached(
                f"This would make {what.format(amount)}, and the apps of {owner.email} may have {limit}; "
                f"{way_out}, or ask an admin for a larger quota."
            )


def demand_domains(work: UnitOfWork, base: Quota, app: App) -> None:
    """Check the number of an app's custom domains, before the unit of work that added one is committed.

    Raises QuotaReached.
    """
    owner = work.accounts.get(app.owner_id)
    limit = quota_of(owner, base).domains if owner else 0
    if limit and len(work.domains.list(app.id)) > limit:
        raise QuotaReached(
            f"This would make more than {limit} custom domains of {app.name}; remove one that is no longer needed, "
            "add a wildcard, or ask an admin for a larger quota."
        )
