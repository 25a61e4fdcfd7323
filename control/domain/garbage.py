"""What an app has that nobody can need any more, by counting what refers to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from control.domain.builds import Build, BuildStatus
from control.domain.oneoffs import Oneoff
from control.domain.releases import Release, ReleaseStatus
from control.domain.slugs import Slug

PATIENCE = timedelta(days=1)
"""How long a slug may be without a release: one posted by API is uploaded and released by and by."""


@dataclass(frozen=True, kw_only=True)
class Belongings:
    """What an app has in the database, each in the order in which it was made."""

    releases: Sequence[Release]
    builds: Sequence[Build]
    slugs: Sequence[Slug]
    oneoffs: Sequence[Oneoff] = ()
    """Those that run: with variables of their own they have a config version of their own."""


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """The same, sorted."""

    slugs: tuple[Slug, ...]
    """To be removed."""
    outputs: tuple[str, ...]
    """Ids of the builds and releases whose output is to be removed."""
    kept_digests: frozenset[str]
    """SHA-256 of the slugs that stay."""
    kept_config: frozenset[int]
    """Config versions that stay."""


def sort_out(has: Belongings, *, keep: int, now: datetime) -> Sorted:
    """Sort what an app has.

    The newest `keep` releases stay whole, and whatever their number the one on the air and those on their way there; 0
    keeps all. Of older ones the row stays, for the history; slug, config version and output go. As many builds keep
    their output.
    """
    releases = _newest(has.releases, keep) | {each.id for each in has.releases if _is_needed(each, has.releases)}
    builds = _newest(has.builds, keep) | {each.id for each in has.builds if each.status is BuildStatus.PENDING}
    referred = {each.slug_id for each in has.releases if each.id in releases}
    referred |= {each.slug_id for each in has.oneoffs}
    slugs = [each for each in has.slugs if each.id not in referred and each.updated_at < now - PATIENCE]
    printed: list[Release | Build] = [*has.releases, *has.builds]
    gone = {each.id for each in slugs}
    there = {each.id for each in has.slugs} - gone
    return Sorted(
        slugs=tuple(slugs),
        outputs=tuple(each.id for each in printed if each.id not in releases | builds),
        kept_digests=frozenset(each.sha256 for each in has.slugs if each.id not in gone and each.sha256),
        # Whoever can be rolled back to needs its config vars: a release whose slug a newer one keeps alive, too.
        kept_config=frozenset(
            each.config_version for each in has.releases if each.id in releases or each.slug_id in there
        )
        | {each.config_version for each in has.oneoffs},
    )


def _newest(rows: Sequence[Release] | Sequence[Build], keep: int) -> set[str]:
    return {each.id for each in (rows[-keep:] if keep else rows)}


def _is_needed(release: Release, releases: Sequence[Release]) -> bool:
    if release.status is ReleaseStatus.PENDING:
        return True
    current = max((each.version for each in releases if each.status is ReleaseStatus.SUCCEEDED), default=0)
    return release.version == current
