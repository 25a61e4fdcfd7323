"""A backup holds everything, a restored platform is the same one, and a bad file changes nothing."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from control.adapters.state_archive import SqlStateArchive
from control.adapters.state_store import SqlStateStore
from control.domain.builds import BuildStatus
from control.errors import Conflict
from control.services import holds
from control.services.actor import Actor
from control.services.apps import CreateApp
from control.services.backup import Backup
from control.services.builds import CreateBuild, CreateSource
from control.services.certificates import AddCertificate
from control.services.config_vars import SetConfigVars
from control.services.restore import BackupRejected, Restore, demand_empty, inspect
from control.settings import Secret
from jobs import names
from tests.certificates import issue
from tests.unit.control.services.spoiled_backups import (
    as_format_2,
    changed,
    cut,
    of_the_future,
    with_a_stranger,
    without_end,
)

SECRETS = {"signing_secret": "signed", "admin": {"token": "nmp_x"}}

PLATFORM = {
    names.AUTHORITY_PATH: {"domain": "localhost", "certificate": "cert", "private_key": "ca key"},
    names.ZONE_PATH: {"private_key": "zone key"},
    "platform/acme-1234": {"private_key": "account key", "directory": "https://acme"},
}


@pytest.fixture
def full(plane: Any, sqlite_store: SqlStateStore) -> Any:
    """A platform on SQLite: an app with a config var and a slug, a build that waits, one app with nothing."""
    plane.state = sqlite_store
    ada = plane.actor("ada@example.com", admin=True)
    app = CreateApp(ports=plane.ports)(ada, name="quiet-harbor")
    CreateApp(ports=plane.ports)(ada, name="empty-app")
    SetConfigVars(ports=plane.ports)(ada, app, {"COLOUR": "réd\n"})
    pair = issue("www", hosts=["www.example.com"], starts=plane.clock.now())
    AddCertificate(ports=plane.ports)(ada, app, chain=pair.chain, private_key=Secret(pair.key))
    release = plane.deploy(app)
    with plane.state.view() as work:
        slug = work.slugs.get(release.slug_id)
    plane.blobs.write(names.SLUGS_BUCKET, names.slug_key(app.id, slug.sha256), [b"slug" * 100_000])
    room = CreateSource(ports=plane.ports, settings=plane.settings)()
    plane.blobs.put(room.put_url, b"source")
    CreateBuild(ports=plane.ports, settings=plane.settings)(ada, app, url=room.get_url)
    for path, values in PLATFORM.items():
        plane.vault.keep_platform_secret(path, values)
    plane.app, plane.ada = app, ada
    return plane


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, plane: Any, tmp_path: Path) -> Any:
    """Another platform, as `up` makes it, on either kind of database."""
    if request.param == "postgresql":
        state = request.getfixturevalue("postgresql_store")
    else:
        state = SqlStateStore(f"sqlite:///{tmp_path / 'other.db'}")
        state.migrate()
    kinds = {name: type(getattr(plane, name)) for name in ("vault", "blobs", "catalog")}
    other = replace(plane, state=state, **{name: kind() for name, kind in kinds.items()})
    other.account("admin@localhost", admin=True)
    yield other
    state.close()


@pytest.fixture
def backup(full: Any) -> io.BytesIO:
    out = io.BytesIO()
    Backup(ports=full.ports, archive=SqlStateArchive(full.state))(out, SECRETS, say=lambda _: None)
    return out


def _restore(plane: Any, file: io.BytesIO) -> None:
    Restore(ports=plane.ports, archive=SqlStateArchive(plane.state))(file, say=lambda _: None)


def _rows(plane: Any) -> dict[str, Any]:
    with plane.state.view() as work:
        apps = work.apps.list()
        return {
            "accounts": work.accounts.list(),
            "apps": [(app.id, app.name) for app in apps],
            "releases": [work.releases.list(app.id) for app in apps],
            "slugs": [work.slugs.list(app.id) for app in apps],
            "formation": [work.formations.list(app.id) for app in apps],
        }


def test_a_restored_platform_is_the_same_one(full: Any, empty: Any, backup: io.BytesIO) -> None:
    """Rows, config vars and slugs, from SQLite to either database; what ran is to be brought up anew."""
    manifest, secrets = inspect(backup)
    assert (manifest["apps"], secrets) == (2, SECRETS)

    _restore(empty, backup)

    assert _rows(empty) == _rows(full)
    assert empty.vault.versions == full.vault.versions
    assert empty.vault.certificates == full.vault.certificates
    assert len(empty.vault.certificates) == 1
    assert empty.vault.platform == PLATFORM
    assert list(empty.blobs.keys(names.SLUGS_BUCKET)) == list(full.blobs.keys(names.SLUGS_BUCKET))
    key = next(empty.blobs.keys(names.SLUGS_BUCKET))
    assert b"".join(empty.blobs.read(names.SLUGS_BUCKET, key)) == b"slug" * 100_000
    with empty.state.view() as work:
        assert {app.id for app in work.apps.behind()} == {app.id for app in work.apps.list()}
        assert "platform.restore" in {event.action for event in work.events.list()}


def test_its_authority_takes_the_place_of_the_new_ones(empty: Any, backup: io.BytesIO) -> None:
    """Whoever trusts the old platform's certificate goes on."""
    empty.vault.keep_platform_secret(names.AUTHORITY_PATH, {**PLATFORM[names.AUTHORITY_PATH], "private_key": "new"})
    empty.vault.keep_platform_secret(names.ZONE_PATH, {"private_key": "new"})

    _restore(empty, backup)

    assert empty.vault.platform == PLATFORM


def test_an_authority_of_another_zone_is_left_out(empty: Any, backup: io.BytesIO) -> None:
    """It could sign none of this one's names; the account at the ACME server is the old one all the same."""
    own = {"domain": "apps.example.org", "certificate": "new", "private_key": "new"}
    empty.vault.keep_platform_secret(names.AUTHORITY_PATH, own)
    empty.vault.keep_platform_secret(names.ZONE_PATH, {"private_key": "new"})

    _restore(empty, backup)

    account = "platform/acme-1234"
    zone = {"private_key": "new"}
    assert empty.vault.platform == {names.AUTHORITY_PATH: own, names.ZONE_PATH: zone, account: PLATFORM[account]}


def test_a_backup_of_before_has_no_platforms_secrets(empty: Any, backup: io.BytesIO) -> None:
    """It is restored like any other, and what `up` made stays."""
    own = {"domain": "localhost", "certificate": "new", "private_key": "new"}
    empty.vault.keep_platform_secret(names.AUTHORITY_PATH, own)
    older = io.BytesIO(as_format_2(backup.getvalue()))
    assert inspect(older)[0]["format"] == 2

    _restore(empty, older)

    assert [name for _, name in _rows(empty)["apps"]] == ["empty-app", "quiet-harbor"]
    assert empty.vault.platform == {names.AUTHORITY_PATH: own}


def test_no_progress_tells_a_secret(full: Any, empty: Any) -> None:
    """Keys go from Vault to the file and back, and nowhere else."""
    said: list[str] = []
    out = io.BytesIO()

    Backup(ports=full.ports, archive=SqlStateArchive(full.state))(out, SECRETS, say=said.append)
    Restore(ports=empty.ports, archive=SqlStateArchive(empty.state))(out, say=said.append)

    assert said
    assert not any(values["private_key"] in line for line in said for values in PLATFORM.values())


def test_a_build_that_waited_has_failed(full: Any, empty: Any, backup: io.BytesIO) -> None:
    """Its source is not in the backup; its output says why."""
    _restore(empty, backup)

    with empty.state.view() as work:
        (build,) = work.builds.list(full.app.id)
        said = work.outputs.read(build.id).decode()
    assert build.status is BuildStatus.FAILED
    assert "restored from a backup" in said


def test_only_an_empty_platform_is_restored(full: Any, backup: io.BytesIO) -> None:
    """One with apps says so and stays as it is."""
    before = _rows(full)

    with pytest.raises(Conflict, match="2 apps"):
        _restore(full, backup)
    assert _rows(full) == before


def test_an_account_besides_the_admins_counts(empty: Any) -> None:
    """People are not wiped out either."""
    demand_empty(empty.state)
    empty.account("bob@example.com")

    with pytest.raises(Conflict, match="2 accounts"):
        demand_empty(empty.state)


def test_a_killed_restore_begins_again(full: Any, empty: Any, backup: io.BytesIO) -> None:
    """Until the state is loaded nothing is seen of it; the second time all is well."""
    empty.blobs.full = True
    with pytest.raises(Exception, match="no room"):
        _restore(empty, backup)
    with empty.state.view() as work:
        assert list(work.apps.list()) == []
    empty.blobs.full = False

    _restore(empty, backup)

    assert _rows(empty) == _rows(full)


def test_neither_meets_a_collection_of_garbage(full: Any, backup: io.BytesIO) -> None:
    """A slug that goes between state and copy would be missing."""
    with full.state.hold(holds.UPKEEP), pytest.raises(Conflict, match="already"):
        Backup(ports=full.ports, archive=SqlStateArchive(full.state))(io.BytesIO(), {}, say=lambda _: None)
    with full.state.hold(holds.UPKEEP), pytest.raises(Conflict, match="already"):
        _restore(full, backup)


@pytest.mark.parametrize(
    "spoil", [cut, changed, without_end, of_the_future, with_a_stranger, lambda _: b"", lambda _: b"no tar" * 500]
)
def test_a_bad_file_is_refused(backup: io.BytesIO, spoil: Callable[[bytes], bytes]) -> None:
    """Cut off, changed, unknown or no backup at all: one sentence, before anything is changed."""
    with pytest.raises(BackupRejected, match=r"^[A-Z].*\.$|use a newer one"):
        inspect(io.BytesIO(spoil(backup.getvalue())))


@pytest.mark.usefixtures("full")
def test_the_files_in_it_are_for_root_alone(backup: io.BytesIO) -> None:
    """Whoever unpacks it leaves no config var open."""
    backup.seek(0)
    with tarfile.open(fileobj=backup) as tar:
        assert {member.mode for member in tar} == {0o600}


def test_a_backup_is_one_view(full: Any, tmp_path: Path) -> None:
    """Saving is one view: what is written meanwhile is in it whole or not at all."""
    actor: Actor = full.ada
    with full.state.begin() as work:
        work.apps.touch(full.app.id)
        SqlStateArchive(full.state).save_to(tmp_path / "copy.db")
        work.commit()

    with SqlStateArchive(full.state).open(tmp_path / "copy.db") as copy, copy.view() as work:
        found = work.apps.get(full.app.id)
        assert found is not None
        assert found.owner_id == actor.account.id
    with full.state.view() as work:
        assert work.apps.get(full.app.id).desired_generation == found.desired_generation + 1
