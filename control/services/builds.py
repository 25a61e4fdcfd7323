"""Builds and their sources: asked for here, run by the worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

from control.domain.apps import App
from control.domain.buildpacks import check_buildpacks
from control.domain.builds import Build, BuildStatus, check_version, upload_id, upload_url
from control.domain.slugs import check_checksum
from control.errors import InvalidParams, NotFound
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.actor import Actor, record_by
from control.services.announce import announce
from control.services.quotas import FOR_A_SLUG, Resource, demand_quota, first_dynos
from control.settings import Settings
from jobs import names

_MAX_URL = 4096


def source_id_of(source_url: str) -> str | None:
    """The upload that a build's `source_url` names; None when it is a URL of the user's."""
    return upload_id(source_url)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Room for one upload."""

    id: str
    get_url: str
    put_url: str


@dataclass(frozen=True, kw_only=True)
class CreateSource:
    """Make room for one upload: two signed URLs, of which the second goes into a build."""

    ports: Ports
    settings: Settings

    def __call__(self) -> Source:
        """Make the URLs. Raises StoreUnavailable now rather than after the user's upload."""
        self.ports.blobs.ping()
        source_id = str(uuid4())
        where = (names.SOURCES_BUCKET, names.source_key(source_id))
        life = timedelta(seconds=self.settings.upload_life)
        return Source(
            id=source_id,
            get_url=self.ports.blobs.download_url(*where, expires=life),
            put_url=self.ports.blobs.upload_url(*where, expires=life),
        )


@dataclass(frozen=True, kw_only=True)
class CreateBuild:
    """Put a build into the queue."""

    ports: Ports
    settings: Settings

    def __call__(
        self,
        actor: Actor,
        app: App,
        *,
        url: str,
        checksum: str | None = None,
        version: str | None = None,
        version_description: str | None = None,
        buildpacks: Sequence[str] = (),
    ) -> Build:
        """Queue the build. Raises BrokenRule, InvalidParams, QuotaReached, VaultUnavailable."""
        checked = check_checksum(checksum)
        check_version(version, version_description)
        source_url = self._source(url)
        self._demand_config(app)
        now = self.ports.clock.now()
        build = Build(
            id=str(uuid4()),
            app_id=app.id,
            user_id=actor.account.id,
            status=BuildStatus.PENDING,
            source_url=source_url,
            source_checksum=f"SHA256:{checked}" if checked else None,
            source_version=version or None,
            source_description=version_description or None,
            stack=app.stack,
            created_at=now,
            updated_at=now,
            buildpacks=check_buildpacks(buildpacks) or app.buildpacks,
        )
        with self.ports.state.begin() as work:
            work.builds.add(build)
            coming = first_dynos(work, app.id)
            demand_quota(work, self.settings.quota, app.owner_id, Resource.BUILDS, *FOR_A_SLUG, to_come=coming)
            record_by(work, actor, app, now=now, action="build.create", detail=build.id)
            work.commit()
        announce(self.ports, app.id, f"Build started by user {actor.account.email}")
        return build

    def _demand_config(self, app: App) -> None:
        """Config vars are read while a build runs: without Vault it would wait, and nobody would know for what."""
        with self.ports.state.view() as work:
            base = work.releases.base(app.id)
        if base is not None and base.config_version:
            self.ports.vault.ping()

    def _source(self, url: str) -> str:
        _demand_plain(url)
        source_id = self._upload(url)
        if source_id is None:
            return _checked_url(url)
        stat = self.ports.blobs.stat(names.SOURCES_BUCKET, names.source_key(source_id))
        if stat is None:
            raise InvalidParams("Nothing was uploaded to this source yet; PUT the tarball to its put_url first.")
        if stat.size > self.settings.source_max_mb << 20:
            self.ports.blobs.delete(names.SOURCES_BUCKET, names.source_key(source_id))
            raise InvalidParams(
                f"The source has {stat.size >> 20} MB and {self.settings.source_max_mb} MB are the most; "
                "leave out what the app does not need with a .slugignore file."
            )
        return upload_url(source_id)

    def _upload(self, url: str) -> str | None:
        """The source id in one of our own URLs, signed or not; None for any other URL."""
        stem = urlsplit(url).path.rpartition("/")[2].removesuffix(".tgz")
        try:
            source_id = str(UUID(stem))
        except ValueError:
            return None
        life = timedelta(seconds=self.settings.upload_life)
        ours = self.ports.blobs.download_url(names.SOURCES_BUCKET, names.source_key(source_id), expires=life)
        return source_id if _unsigned(ours) == _unsigned(url) else None


def _unsigned(url: str) -> str:
    return urlunsplit((*urlsplit(url)[:3], "", ""))


def _demand_plain(url: str) -> None:
    try:
        plain = len(url) <= _MAX_URL and url.isascii() and url.isprintable() and " " not in url
        urlsplit(url).port  # noqa: B018 - it is asked for its errors: urlsplit itself overlooks most
    except ValueError:
        plain = False
    if not plain:
        raise InvalidParams(f"The source's url must be a plain https URL of at most {_MAX_URL} characters.")


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme != "https":
        raise InvalidParams(
            "The source's url must begin with https:// and name a host; or make room for an upload with POST /sources."
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidParams("The source's url must not hold a user name or a password; use a signed URL instead.")
    return url


def find_build(work: UnitOfWork, app: App, build_id: str) -> Build:
    """Find a build of this app. Raises NotFound."""
    build = work.builds.get(build_id)
    if build is None or build.app_id != app.id:
        raise NotFound(
            f"Couldn't find that build; list the builds of {app.name} with `nomapaas builds`.", resource="build"
        )
    return build


@dataclass(frozen=True, kw_only=True)
class CancelBuild:
    """Ask for the end of a build; the worker stops it."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, build_id: str) -> Build:
        """Mark the build. Raises NotFound, InvalidParams."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            build = find_build(work, app, build_id)
            if build.status is not BuildStatus.PENDING:
                raise InvalidParams(f"This build has {build.status} already, so there is nothing to cancel.")
            build = replace(build, cancel_requested=True, updated_at=now)
            work.builds.save(build)
            record_by(work, actor, app, now=now, action="build.cancel", detail=build.id)
            work.commit()
        return build


@dataclass(frozen=True, kw_only=True)
class PurgeBuildCache:
    """Forget what an app's builds have kept for the next one, so that the next one begins from nothing."""

    ports: Ports

    def __call__(self, actor: Actor, app: App) -> None:
        """Purge; an app without a cache is success. Raises NodeUnavailable."""
        self.ports.node.forget_cache(app.id)
        with self.ports.state.begin() as work:
            for slug in work.slugs.list(app.id):
                if slug.build_key:
                    # An equal source would be given the slug that the old cache went into.
                    work.slugs.save(replace(slug, build_key=None))
            record_by(work, actor, app, now=self.ports.clock.now(), action="build-cache.purge", detail=app.name)
            work.commit()
