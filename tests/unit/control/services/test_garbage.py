"""Collecting garbage: what goes, what stays, and what a dry run says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.releases import Release
from control.errors import Conflict, InvalidParams
from control.services import holds
from control.services.certificates import AddCertificate
from control.services.config_vars import SetConfigVars
from control.services.garbage import CollectGarbage, Collection
from control.services.releases import Rollback
from control.settings import Secret
from jobs import names
from tests.certificates import issue

_A_DAY_AND_MORE = 30 * 3600
MADE_UP = "0" * 8


@pytest.fixture
def collect(plane: Any, ada: Any) -> Callable[..., Collection]:
    """Collects with one release kept."""
    plane.settings = replace(plane.settings, quota=replace(plane.settings.quota, releases=1))

    def run(*, dry_run: bool = False) -> Collection:
        return CollectGarbage(ports=plane.ports, settings=plane.settings)(ada, dry_run=dry_run)

    return run


@pytest.fixture
def history(plane: Any, app: App, ada: Any) -> list[Release]:
    """Four deploys with a config var, an output and a slug each, long ago."""
    releases = []
    for number in range(4):
        SetConfigVars(ports=plane.ports)(ada, app, {"NUMBER": str(number)})
        plane.settle()
        release = plane.deploy(app)
        with plane.state.begin() as work:
            slug = work.slugs.get(release.slug_id)
            work.outputs.append(release.id, "migrated\n")
            work.commit()
        plane.blobs.write(names.SLUGS_BUCKET, names.slug_key(app.id, slug.sha256), [b"slug"])
        releases.append(release)
    plane.clock.advance(_A_DAY_AND_MORE)
    return releases


def _slugs(plane: Any) -> set[str]:
    return set(plane.blobs.keys(names.SLUGS_BUCKET))


def _rows(plane: Any, app: App) -> list[Any]:
    with plane.state.view() as work:
        outputs = [work.outputs.read(each.id) for each in work.releases.list(app.id)]
        return [outputs, work.slugs.list(app.id), work.events.list(app.id)]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(("own", "kept"), [({}, 1), ({"releases": 3}, 2)])
def test_an_admins_releases_are_kept_like_anybodys(
    plane: Any, ada: Any, collect: Callable[..., Collection], own: dict[str, int], kept: int
) -> None:
    """By the platform's limit, or by one of the account's own: a disk has an end, whosever it is."""
    with plane.state.begin() as work:
        work.accounts.save(replace(ada.account, admin=True, quota=own))
        work.commit()

    collect()

    assert len(_slugs(plane)) == kept


def test_old_releases_lose_slug_config_and_output(
    plane: Any, app: App, ada: Any, collect: Callable[..., Collection], history: list[Release]
) -> None:
    """Their rows stay, and nobody can roll back to them; the newest stay whole."""
    found = collect()

    assert sorted((each.kind, each.size) for each in found.freed) == [
        *[("config", 0)] * 3,
        *[("output", 9)] * 3,
        *[("slug", 4)] * 3,
    ]
    assert len(_slugs(plane)) == 1
    assert set(plane.vault.versions) == {(app.id, 4)}
    with plane.state.view() as work:
        assert len(work.releases.list(app.id)) == 8
        assert [work.outputs.size(each.id) for each in history] == [0, 0, 0, 9]
        assert work.events.list(app.id)[0].action == "garbage.collect"
    with pytest.raises(InvalidParams, match="older than those whose slugs are kept"):
        Rollback(ports=plane.ports)(ada, app, release=f"v{history[0].version}")
    assert Rollback(ports=plane.ports)(ada, app, release=f"v{history[3].version}").config_version == 4


@pytest.mark.usefixtures("history")
def test_a_dry_run_says_the_same_and_changes_nothing(plane: Any, app: App, collect: Callable[..., Collection]) -> None:
    """What it lists is what the real one removes."""
    slugs, versions, rows = _slugs(plane), dict(plane.vault.versions), _rows(plane, app)

    said = collect(dry_run=True)

    assert (_slugs(plane), plane.vault.versions, _rows(plane, app)) == (slugs, versions, rows)
    assert said.freed == collect().freed
    assert collect().freed == ()


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("key", [holds.building, holds.attending])
def test_an_app_at_work_is_left_alone(
    plane: Any, app: App, collect: Callable[..., Collection], key: Callable[[str], str]
) -> None:
    """A build makes its slug before the row that names it."""
    plane.blobs.write(names.SLUGS_BUCKET, names.slug_key(app.id, "f" * 64), [b"just made"])

    with plane.state.hold(key(app.id)):
        found = collect()

    assert (found.freed, found.skipped) == ((), (app.name,))


def test_things_of_no_app_go(plane: Any, app: App, collect: Callable[..., Collection]) -> None:
    """Left by a kill; what a destroyed app still has is the worker's to remove."""
    gone, removing = "0" * 36, plane.deploy(app)
    for owner in (gone, app.id):
        plane.blobs.write(names.SLUGS_BUCKET, names.slug_key(owner, "f" * 64), [b"slug"])
        plane.vault.write(owner, 7, {"A": "1"})
        plane.node.caches[owner] = b"cache"
    with plane.state.begin() as work:
        work.apps.save(replace(app, destroyed_at=removing.created_at))
        work.commit()
    plane.clock.advance(_A_DAY_AND_MORE)

    found = collect()

    assert [(each.kind, each.app_id, each.app_name, each.size) for each in found.freed] == [
        ("slug", gone, None, 4),
        ("config", gone, None, 0),
        ("cache", gone, None, 5),
    ]
    assert _slugs(plane) == {names.slug_key(app.id, "f" * 64)}
    assert set(plane.node.caches) == {app.id}


def test_a_config_version_in_flight_stays(plane: Any, app: App, collect: Callable[..., Collection]) -> None:
    """It is written before the release that names it."""
    plane.vault.clock = plane.clock
    plane.clock.advance(_A_DAY_AND_MORE)
    plane.vault.write(app.id, 1, {"A": "1"})

    assert collect().freed == ()
    plane.clock.advance(3601)
    assert [each.name for each in collect().freed] == ["1"]


def test_certificates_that_no_row_names_go(plane: Any, app: App, ada: Any, collect: Callable[..., Collection]) -> None:
    """What a killed change left, also of apps that are gone; one in flight and the one that is shown stay."""
    pair = issue("www", hosts=["www.example.com"], starts=plane.clock.now())
    kept = AddCertificate(ports=plane.ports)(ada, app, chain=pair.chain, private_key=Secret(pair.key))
    for owner, version in ((app.id, 2), (MADE_UP, 1)):
        plane.vault.write_certificate(owner, kept.id, version, chain="c", private_key="k")
    assert collect().freed == ()
    plane.clock.advance(_A_DAY_AND_MORE)

    freed = [(each.kind, each.app_id, each.name) for each in collect().freed if each.kind == "certificate"]

    assert freed == [("certificate", app.id, f"{kept.id}/2"), ("certificate", MADE_UP, f"{kept.id}/1")]
    assert list(plane.vault.certificates) == [(app.id, kept.id, 1)]


def test_one_collection_at_a_time(plane: Any, collect: Callable[..., Collection]) -> None:
    """Nor during a backup."""
    with plane.state.hold(holds.UPKEEP), pytest.raises(Conflict, match="already"):
        collect()


@pytest.mark.parametrize("port", ["vault", "node", "blobs"])
def test_killed_in_between_the_next_one_finds_the_rest(
    plane: Any, collect: Callable[..., Collection], history: list[Release], port: str
) -> None:
    """Rows go first; what they named is found by listing it."""
    getattr(plane, port).down = True
    with pytest.raises(Exception, match="does not answer"):
        collect()
    getattr(plane, port).down = False

    collect()

    assert len(_slugs(plane)) == 1
    assert len(plane.vault.versions) == 1
    assert history
