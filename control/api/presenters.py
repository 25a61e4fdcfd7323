"""The platform's records in Heroku's JSON.

Ours: `asleep_since`, `failure_message`, `reason`, `exit_code`, `memory_mb`, crashes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask import request

from control.api.context import platform
from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.builds import Build
from control.domain.dynos import Dyno, cause_of
from control.domain.formations import Formation
from control.domain.releases import Release, ReleaseStatus
from control.domain.slugs import RELEASE_TYPE, Slug
from control.ports.node import Crash
from control.ports.state import UnitOfWork
from control.services.quotas import quota_of, used

JSON = dict[str, Any]

EPOCH = "2026-01-01T00:00:00Z"
"""When things that come with the platform were made: stacks, regions."""


def time_text(moment: datetime) -> str:
    """ISO 8601, UTC, whole seconds, as Heroku writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_or_none(moment: datetime | None) -> str | None:
    """The same for a time that may not have come."""
    return time_text(moment) if moment else None


def fixed_id(kind: str, name: str) -> str:
    """A UUID that is always the same, for things without a row: stacks, regions, sizes, default domains."""
    return str(uuid5(NAMESPACE_URL, f"nomapaas:{kind}:{name}"))


def named(kind: str, name: str) -> JSON:
    """`{id, name}` of such a thing."""
    return {"id": fixed_id(kind, name), "name": name}


def app_ref(app: App) -> JSON:
    """`{id, name}` of an app."""
    return {"id": app.id, "name": app.name}


def stream_url(path: str) -> str:
    """A stream's address where the API is said to be reached, or else on the host that the client spoke to."""
    return f"{platform().settings.public_api_url or request.host_url.rstrip('/')}/streams/{path}"


def present_account(account: Account) -> JSON:
    """Heroku's `account`."""
    return {
        "allow_tracking": False,
        "beta": False,
        "country_of_residence": None,
        "created_at": time_text(account.created_at),
        "default_organization": None,
        "default_team": None,
        "delinquent_at": None,
        "email": account.email,
        "federated": False,
        "id": account.id,
        "identity_provider": None,
        "last_login": time_or_none(account.last_login),
        "name": account.name,
        "sms_number": None,
        "suspended_at": None,
        "two_factor_authentication": False,
        "updated_at": time_text(account.updated_at),
        "verified": True,
    }


def present_quota(work: UnitOfWork, account: Account) -> JSON:
    """Ours: the limits of an account, null where there is none, and what its apps use of each."""
    limits = asdict(quota_of(account, platform().settings.quota))
    amounts = used(work.usages.of(account.id))
    return {name: {"limit": limit or None, "used": amounts.get(name)} for name, limit in limits.items()}


class Presenter:
    """Presents what hangs on apps; looks every account and slug up once."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._emails: dict[str, str] = {}
        self._slugs: dict[str, Slug | None] = {}

    def apps(self, apps: Sequence[App]) -> list[JSON]:
        """Several apps, with as many queries as for one."""
        releases = self._work.releases.current_of([app.id for app in apps])
        self._learn(accounts={app.owner_id for app in apps}, slugs={each.slug_id for each in releases.values()})
        return [self._app(app, releases.get(app.id)) for app in apps]

    def learn_builds(self, builds: Iterable[Build]) -> None:
        """Look up at once what presenting these will ask for."""
        self._learn(accounts={build.user_id for build in builds})

    def learn_releases(self, releases: Sequence[Release]) -> None:
        """The same for releases."""
        self._learn(accounts={each.user_id for each in releases}, slugs={each.slug_id for each in releases})

    def _learn(self, *, accounts: Collection[str], slugs: Collection[str | None] = ()) -> None:
        self._emails |= {each.id: each.email for each in self._work.accounts.of(accounts).values()}
        self._slugs |= self._work.slugs.of([slug_id for slug_id in slugs if slug_id])

    def app(self, app: App) -> JSON:
        """Heroku's `app`."""
        return self.apps([app])[0]

    def _app(self, app: App, current: Release | None) -> JSON:
        settings = platform().settings
        slug = self._slug(current.slug_id) if current else None
        return {
            "acm": app.acm,
            "archived_at": None,
            "asleep_since": time_or_none(app.asleep_since),
            "base_image_name": None,
            "build_stack": named("stack", app.stack),
            "buildpack_provided_description": slug.buildpack_provided_description if slug else None,
            "buildpacks": None,
            "created_at": time_text(app.created_at),
            "current_build_architecture": [],
            "generation": "cedar",
            "git_url": f"{settings.web_url('git')}{app.name}.git",
            "id": app.id,
            "internal_routing": None,
            "maintenance": app.maintenance,
            "name": app.name,
            "organization": None,
            "owner": self.user(app.owner_id),
            "region": named("region", app.region),
            "released_at": time_or_none(app.released_at),
            "repo_size": None,
            "slug_size": slug.size if slug else None,
            "space": None,
            "stack": named("stack", slug.stack if slug else app.stack),
            "team": None,
            "updated_at": time_text(app.updated_at),
            "web_url": settings.web_url(app.name),
        }

    def user(self, account_id: str) -> JSON:
        """`{id, email}` of an account, also of one that is gone."""
        if account_id not in self._emails:
            account = self._work.accounts.get(account_id)
            self._emails[account_id] = account.email if account else "deleted@users.invalid"
        return {"id": account_id, "email": self._emails[account_id]}

    def build(self, app: App, build: Build) -> JSON:
        """Heroku's `build`."""
        return {
            "app": {"id": app.id},
            "buildpacks": [{"name": each, "url": each} for each in build.buildpacks],
            "created_at": time_text(build.created_at),
            "failure_message": build.failure_message,
            "id": build.id,
            "output_stream_url": stream_url(f"outputs/{platform().signer.output('build', build.id)}"),
            "reports": dict(build.reports),
            "release": {"id": build.release_id} if build.release_id else None,
            "slug": {"id": build.slug_id} if build.slug_id else None,
            "source_blob": {
                "checksum": build.source_checksum,
                "url": build.source_url,
                "version": build.source_version,
                "version_description": build.source_description,
            },
            "stack": build.stack,
            "status": str(build.status),
            "updated_at": time_text(build.updated_at),
            "user": self.user(build.user_id),
        }

    def release(self, app: App, release: Release, *, current: Release | None) -> JSON:
        """Heroku's `release`; `current` is the app's newest one that succeeded."""
        slug = self._slug(release.slug_id)
        is_current = current is not None and current.id == release.id
        has_phase = slug is not None and RELEASE_TYPE in slug.process_types
        output = stream_url(f"outputs/{platform().signer.output('release', release.id)}") if has_phase else None
        return {
            "addon_plan_names": [],
            "app": app_ref(app),
            "artifacts": [{"type": "slug", "id": slug.id}] if slug else [],
            "created_at": time_text(release.created_at),
            "current": is_current,
            "description": release.description,
            # Heroku's CLI counts the current one as eligible, and goes back to the second of those.
            "eligible_for_rollback": slug is not None and release.status is ReleaseStatus.SUCCEEDED,
            "failure_message": release.failure_message,
            "id": release.id,
            "oci_image": None,
            "output_stream_url": output,
            "slug": {"id": slug.id} if slug else None,
            "status": str(release.status),
            "updated_at": time_text(release.updated_at),
            "user": self.user(release.user_id),
            "version": release.version,
        }

    def _slug(self, slug_id: str | None) -> Slug | None:
        if slug_id is None:
            return None
        if slug_id not in self._slugs:
            self._slugs[slug_id] = self._work.slugs.get(slug_id)
        return self._slugs[slug_id]


def present_slug(slug: Slug, *, method: str, url: str) -> JSON:
    """Heroku's `slug`."""
    digest = slug.sha256 or slug.announced_sha256
    return {
        "blob": {"method": method, "url": url},
        "buildpack_provided_description": slug.buildpack_provided_description,
        "checksum": f"SHA256:{digest}" if digest else None,
        "commit": slug.commit,
        "commit_description": slug.commit_description,
        "created_at": time_text(slug.created_at),
        "deleted_at": None,
        "id": slug.id,
        "process_types": dict(slug.process_types),
        "size": slug.size,
        "stack": named("stack", slug.stack),
        "updated_at": time_text(slug.updated_at),
    }


def present_formation(app: App, row: Formation) -> JSON:
    """Heroku's `formation`."""
    return {
        "app": app_ref(app),
        "command": row.command,
        "created_at": time_text(row.created_at),
        "dyno_size": named("dyno-size", row.size),
        "id": row.id,
        "quantity": row.quantity,
        "size": row.size,
        "type": row.type,
        "updated_at": time_text(row.updated_at),
    }


def present_dyno(app: App, dyno: Dyno, release_ids: dict[int, str]) -> JSON:
    """Heroku's `dyno`."""
    release_id = release_ids.get(dyno.release_version) or fixed_id("release", f"{app.id}.{dyno.release_version}")
    return {
        "app": app_ref(app),
        "attach_url": None,
        "command": dyno.command,
        "created_at": time_text(dyno.created_at),
        "exit_code": dyno.exit_code,
        "id": dyno.id,
        "memory_mb": dyno.memory_mb,
        "name": dyno.name,
        "reason": dyno.reason,
        "release": {"id": release_id, "version": dyno.release_version},
        "size": dyno.size,
        "state": str(dyno.state),
        "type": dyno.type,
        "updated_at": time_text(dyno.updated_at),
    }


def present_crash(app: App, crash: Crash) -> JSON:
    """Ours: the last crash of one dyno."""
    return {
        "app": app_ref(app),
        "crashed_at": time_text(crash.at),
        "dyno": crash.dyno,
        "exit_code": crash.exit_code,
        "id": crash.allocation_id,
        "lines": list(crash.lines),
        "reason": cause_of(crash.exit_code, oom_killed=crash.oom_killed, unwell=crash.unwell),
    }
