"""`/sources`, `/apps/:app/builds`, `/apps/:app/slugs`."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.builds import BuildStatus
from control.services.builds import source_id_of
from control.services.slugs import MOST_WAITING


@pytest.fixture
def uploaded(api: Any, plane: Any) -> str:
    """The get_url of a source that was uploaded."""
    blob = api.post("/sources").json["source_blob"]
    plane.blobs.put(blob["put_url"], b"tarball")
    return str(blob["get_url"])


def _build(api: Any, app: App, url: object, **source: object) -> Any:
    return api.post(f"/apps/{app.name}/builds", {"source_blob": {"url": url, **source}})


def test_a_build_of_an_upload(api: Any, app: App, plane: Any, uploaded: str) -> None:
    """An upload becomes a pending build in the queue that names the upload, not its signed URL."""
    made = _build(api, app, uploaded, checksum="sha256:" + "A" * 64, version="v1", version_description="Why")

    assert (made.status_code, made.json["status"]) == (201, "pending")
    assert made.json["source_blob"]["checksum"] == "SHA256:" + "a" * 64
    assert (made.json["source_blob"]["version"], made.json["source_blob"]["version_description"]) == ("v1", "Why")
    with plane.state.view() as work:
        (queued,) = work.builds.pending()
    assert str(uuid.UUID(source_id_of(queued.source_url))) in uploaded
    assert "expires" not in queued.source_url
    assert "app[api]: Build started by user ada@example.com" in plane.log(app)
    assert api.get(f"/apps/{app.name}/builds").json == [made.json]
    assert api.get(f"/apps/{app.name}/builds/{made.json['id']}").json == made.json


def test_a_source_of_the_old_path(api: Any, app: App) -> None:
    """Old clients make room for a source below their app."""
    assert api.post(f"/apps/{app.name}/sources").status_code == 201


def test_a_build_of_a_url(api: Any, app: App, plane: Any) -> None:
    """An https URL is kept as it is, for the build sandbox to fetch; buildpacks come by name and URL."""
    url = "https://example.com/archive/main.tgz?token=1"
    made = api.post(
        f"/apps/{app.name}/builds",
        {"source_blob": {"url": url}, "buildpacks": [{"url": "https://example.com/pack.tgz"}, {"name": "python"}]},
    )

    assert made.json["source_blob"]["url"] == url
    assert [each["url"] for each in made.json["buildpacks"]] == ["https://example.com/pack.tgz", "heroku/python"]
    with plane.state.view() as work:
        assert [source_id_of(build.source_url) for build in work.builds.pending()] == [None]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (None, "source_blob is missing"),
        ({}, "url is missing"),
        ({"url": 7}, "url must be a text"),
        ({"url": "https://example.com/x.tgz", "version": "v" * 201}, "version has 201 characters and may have 200"),
        ({"url": "https://example.com/x.tgz", "version_description": "v" * 2001}, "version_description has 2001"),
        ({"url": "http://example.com/x.tgz"}, "must begin with https://"),
        ({"url": "file:///etc/passwd"}, "must begin with https://"),
        ({"url": "source:" + str(uuid.uuid4())}, "must begin with https://"),
        ({"url": "https:///x"}, "name a host"),
        ({"url": "https://[::1/x"}, "plain https URL"),
        ({"url": "https://example.com:x/"}, "plain https URL"),
        ({"url": "https://user:pass@example.com/x"}, "user name or a password"),
        ({"url": "https://example.com/x y"}, "plain https URL"),
        ({"url": "https://example.com/\n"}, "plain https URL"),
        ({"url": "https://example.com/" + "x" * 5000}, "plain https URL"),
        ({"url": "https://example.com/x", "checksum": "md5:1"}, "SHA256:"),
        ({"url": f"https://blobs.invalid/sources/{uuid.uuid4()}.tgz"}, None),
        ({"url": f"http://blobs.invalid/sources/{uuid.uuid4()}.tgz"}, "Nothing was uploaded"),
        ({"url": f"http://blobs.invalid/slugs/{uuid.uuid4()}.tgz"}, "must begin with https://"),
    ],
)
def test_bad_sources(api: Any, app: App, plane: Any, source: object, sentence: str | None) -> None:
    """A source that cannot be is 422 with a sentence, and nothing is queued."""
    refused = api.post(f"/apps/{app.name}/builds", {"source_blob": source})

    with plane.state.view() as work:
        queued = len(work.builds.pending())
    if sentence is None:
        assert (refused.status_code, queued) == (201, 1)
    else:
        assert (refused.status_code, queued) == (422, 0)
        assert sentence in refused.json["message"]


def test_an_oversize_source(api: Any, app: App, plane: Any, flask_app: Any, uploaded: str) -> None:
    """A source over the limit is refused with both sizes, and removed."""
    context = flask_app.extensions["nomapaas"]
    settings = replace(plane.settings, source_max_mb=0)
    flask_app.extensions["nomapaas"] = replace(context, settings=settings)

    refused = _build(api, app, uploaded)

    assert refused.status_code == 422
    assert ".slugignore" in refused.json["message"]
    assert plane.blobs.objects == {}


def test_the_store_is_away(api: Any, app: App, plane: Any, uploaded: str) -> None:
    """While MinIO is away no source is made and no build queued: 503 with its name."""
    plane.blobs.down = True

    for answer in (api.post("/sources"), _build(api, app, uploaded)):
        assert (answer.status_code, answer.json["id"]) == (503, "store_unavailable")
    with plane.state.view() as work:
        assert work.builds.pending() == []


def test_vault_is_sealed(api: Any, app: App, plane: Any, uploaded: str) -> None:
    """A build that needs config vars is refused at once; one of an app without any needs no Vault."""
    plane.vault.sealed = True
    assert _build(api, app, uploaded).status_code == 201
    plane.vault.sealed = False
    assert api.patch(f"/apps/{app.name}/config-vars", {"A": "1"}).status_code == 200
    plane.vault.sealed = True

    refused = _build(api, app, uploaded)

    assert (refused.status_code, refused.json["id"]) == (503, "vault_unavailable")
    with plane.state.view() as work:
        assert len(work.builds.pending()) == 1


def test_cancel(api: Any, app: App, plane: Any, uploaded: str) -> None:
    """A pending build is marked for the worker to stop; an ended one is 422."""
    build = _build(api, app, uploaded).json

    assert api.delete(f"/apps/{app.name}/builds/{build['id']}").status_code == 200
    with plane.state.view() as work:
        assert work.builds.get(build["id"]).cancel_requested

    plane.end_build(build["id"], BuildStatus.FAILED, failure_message="The build was canceled.")
    refused = api.delete(f"/apps/{app.name}/builds/{build['id']}")
    assert refused.status_code == 422
    assert "failed already" in refused.json["message"]
    assert api.get(f"/apps/{app.name}/builds/{build['id']}").json["failure_message"] == "The build was canceled."


def test_builds_of_other_apps_are_not_found(api: Any, app: App, make_app: Any, uploaded: str) -> None:
    """A build is found below its own app alone."""
    other = make_app("other-app")
    build = _build(api, app, uploaded).json

    for method in ("GET", "DELETE"):
        missing = api(method, f"/apps/{other.name}/builds/{build['id']}")
        assert (missing.status_code, missing.json["resource"]) == (404, "build")


def test_a_slug_by_api(api: Any, app: App, plane: Any) -> None:
    """A slug is announced, uploaded and released; before the upload it cannot be released."""
    made = api.post(f"/apps/{app.name}/slugs", {"process_types": {"web": "./serve"}, "commit": "abc"})
    assert (made.status_code, made.json["blob"]["method"]) == (201, "put")

    early = api.post(f"/apps/{app.name}/releases", {"slug": made.json["id"]})
    assert early.status_code == 422
    assert "never uploaded" in early.json["message"]

    plane.blobs.put(made.json["blob"]["url"], b"slug")
    released = api.post(f"/apps/{app.name}/releases", {"slug": made.json["id"], "description": "By hand"})
    assert (released.status_code, released.json["description"]) == (201, "By hand")
    found = api.get(f"/apps/{app.name}/slugs/{made.json['id']}").json
    assert found["blob"]["method"] == "get"
    assert plane.blobs.get(found["blob"]["url"]) == b"slug"


def test_a_checksum_of_a_slug_is_kept(api: Any, app: App) -> None:
    """It is what the answer says, before and after the upload."""
    body = {"process_types": {"web": "./serve"}, "checksum": f"sha256:{'AB' * 32}"}

    made = api.post(f"/apps/{app.name}/slugs", body)

    assert made.json["checksum"] == f"SHA256:{'ab' * 32}"
    assert api.get(f"/apps/{app.name}/slugs/{made.json['id']}").json["checksum"] == f"SHA256:{'ab' * 32}"


def test_only_so_many_slugs_wait(api: Any, app: App, make_app: Any, plane: Any) -> None:
    """Uploads count in no quota before they are taken in: one announcement too many is refused, for a day."""
    body = {"process_types": {"web": "./serve"}}
    plane.slug(app)
    for _ in range(MOST_WAITING):
        assert api.post(f"/apps/{app.name}/slugs", body).status_code == 201

    refused = api.post(f"/apps/{app.name}/slugs", body)
    assert (refused.status_code, refused.json["id"]) == (422, "quota_reached")
    assert f"The app {app.name} has 50 slugs of the last day that never went on the air" in refused.json["message"]
    assert api.post(f"/apps/{make_app('other-app').name}/slugs", body).status_code == 201
    plane.clock.advance(24 * 3600)
    assert api.post(f"/apps/{app.name}/slugs", body).status_code == 201


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"process_types": {"web": "x"}, "checksum": "md5:1"}, "A checksum must be"),
        ({}, "process_types"),
        ({"process_types": {}}, "process_types"),
        ({"process_types": {"we b": "x"}}, "cannot be a process type"),
        ({"process_types": {"web": ""}}, "needs a command"),
        ({"process_types": {"web": 7}}, "needs a command"),
        ({"process_types": {"web": "x" * 20000}}, "put it in a script"),
        ({"process_types": {f"t{n}": "x" for n in range(60)}}, "50 process types"),
        ({"process_types": {"web": "x"}, "stack": "cedar"}, "choose one of"),
    ],
)
def test_bad_slugs(api: Any, app: App, body: dict[str, object], sentence: str) -> None:
    """A slug that cannot be is 422 with a sentence."""
    refused = api.post(f"/apps/{app.name}/slugs", body)

    assert refused.status_code == 422
    assert sentence in refused.json["message"]


def test_slugs_of_other_apps_are_not_found(api: Any, app: App, make_app: Any, plane: Any) -> None:
    """A slug is found and released by its own app alone."""
    slug = plane.slug(make_app("other-app"))

    assert api.get(f"/apps/{app.name}/slugs/{slug.id}").status_code == 404
    missing = api.post(f"/apps/{app.name}/releases", {"slug": slug.id})
    assert (missing.status_code, missing.json["resource"]) == (404, "slug")


def test_purging_the_build_cache(api: Any, app: App, make_app: Any, plane: Any) -> None:
    """It is gone, no slug that it went into is used again, other apps keep theirs, and the trail says who did it."""
    other = make_app("other-app")
    plane.node.caches |= {app.id: b"cache", other.id: b"cache"}
    slugs = [replace(plane.slug(each), build_key="same") for each in (app, other)]
    with plane.state.begin() as work:
        for slug in slugs:
            work.slugs.save(slug)
        work.commit()

    for _ in range(2):
        purged = api.delete(f"/apps/{app.name}/build-cache")
        assert (purged.status_code, purged.json["app"]["name"]) == (200, app.name)

    assert plane.node.cache_sizes() == {other.id: 5}
    with plane.state.view() as work:
        assert work.slugs.by_build_key(app.id, "same") is None
        assert work.slugs.by_build_key(other.id, "same") is not None
    trail = api.get(f"/apps/{app.name}/events").json
    assert [each["action"] for each in trail].count("build-cache.purge") == 2


def test_a_build_cache_that_cannot_be_purged(api: Any, app: App, plane: Any) -> None:
    """The node agent is away: nothing is said to be done."""
    plane.node.down = True
    assert (refused := api.delete(f"/apps/{app.name}/build-cache")).status_code == 503
    assert refused.json["id"] == "node_unavailable"
