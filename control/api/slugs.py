"""`/apps/:app/slugs`."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import present_slug
from control.api.responses import reply
from control.domain.slugs import Slug
from control.services.access import Permission
from control.services.slugs import CreateSlug, find_slug
from jobs import names

routes = Blueprint("slugs", __name__)


@routes.post("/apps/<app>/slugs")
def create(app: str) -> Response:
    """Announce a slug that was built elsewhere; the answer says where to PUT it."""
    found = the_app(app, Permission.DEPLOY)
    values = bodies.body()
    settings = platform().settings
    slug = CreateSlug(ports=platform().ports, stacks=settings.stacks, quota=settings.quota)(
        actor(),
        found,
        process_types=values.get("process_types"),
        checksum=bodies.text(values, "checksum"),
        stack=bodies.reference(values, "stack"),
        commit=bodies.text(values, "commit"),
        commit_description=bodies.text(values, "commit_description"),
        buildpack_provided_description=bodies.text(values, "buildpack_provided_description"),
    )
    url = platform().ports.blobs.upload_url(names.SOURCES_BUCKET, names.source_key(slug.id), expires=_life())
    return reply(present_slug(slug, method="put", url=url), 201)


@routes.get("/apps/<app>/slugs/<slug>")
def info(app: str, slug: str) -> Response:
    """One slug, with a URL to download it from."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        row = find_slug(work, found, slug)
    return reply(present_slug(row, method="get", url=_download_url(row)))


def _download_url(slug: Slug) -> str:
    where = (
        (names.SOURCES_BUCKET, names.source_key(slug.id))
        if slug.sha256 is None
        else (names.SLUGS_BUCKET, names.slug_key(slug.app_id, slug.sha256))
    )
    return platform().ports.blobs.download_url(*where, expires=_life())


def _life() -> timedelta:
    return timedelta(seconds=platform().settings.upload_life)
