"""Two people change config vars at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from control.adapters.memory import MemoryVault
from control.adapters.state_store import SqlStateStore
from control.domain.apps import App
from control.errors import Conflict, NotFound
from control.services import config_vars
from control.services.actor import Actor
from control.services.apps import CreateApp
from control.services.config_vars import SetConfigVars


class MeddlingVault(MemoryVault):
    """Lets another change in before each write."""

    def __init__(self, meddle: Any, times: int) -> None:
        super().__init__()
        self.meddle = meddle
        self.times = times

    def write(self, app_id: str, version: int, values: Mapping[str, str]) -> None:
        if self.times > 0:
            self.times -= 1
            self.meddle(self.times)
        super().write(app_id, version, values)


def test_a_change_in_between_is_kept(plane: Any, ada: Actor, app: App) -> None:
    """Who comes second merges again with what came first: no change is lost, no stray version stays in Vault."""
    others = SetConfigVars(ports=plane.ports)
    kept = plane.vault
    plane.vault = vault = MeddlingVault(lambda n: others(ada, app, {f"OTHER{n}": "1"}), times=2)
    vault.versions = kept.versions

    after = SetConfigVars(ports=plane.ports)(ada, app, {"MINE": "1"})

    assert after == {"MINE": "1", "OTHER1": "1", "OTHER0": "1"}
    assert config_vars.read(plane.ports, app) == after
    with plane.state.view() as work:
        named = {release.config_version for release in work.releases.list(app.id)}
    assert {version for _, version in vault.versions} == named


def test_it_gives_up_at_last(plane: Any, ada: Actor, app: App) -> None:
    """When others never stop, the answer is a conflict and nothing was changed."""
    others = SetConfigVars(ports=plane.ports)
    kept = plane.vault
    plane.vault = MeddlingVault(lambda n: others(ada, app, {f"OTHER{n}": "1"}), times=99)
    plane.vault.versions = kept.versions

    with pytest.raises(Conflict, match="try again"):
        SetConfigVars(ports=plane.ports)(ada, app, {"MINE": "1"})

    assert "MINE" not in config_vars.read(plane.ports, app)


def test_a_deploy_in_between_is_no_conflict(plane: Any, ada: Actor, app: App) -> None:
    """A change of config vars takes the slug of a deploy that came in between."""
    kept = plane.vault
    deployed = []
    plane.vault = MeddlingVault(lambda _: deployed.append(plane.deploy(app)), times=1)
    plane.vault.versions = kept.versions

    SetConfigVars(ports=plane.ports)(ada, app, {"A": "1"})

    with plane.state.view() as work:
        latest = work.releases.latest(app.id)
    assert latest.slug_id == deployed[0].slug_id
    assert (latest.version, latest.config_version) == (2, 1)


def test_many_at_once_on_sqlite(plane: Any, tmp_path: Path, ada: Actor) -> None:
    """Threads that each set a var of their own lose none, and versions have no gap."""
    plane.state = sql = SqlStateStore(f"sqlite:///{tmp_path / 'threads.db'}")
    sql.migrate()
    with sql.begin() as work:
        work.accounts.add(ada.account)
        work.commit()
    app = CreateApp(ports=plane.ports)(ada, name="quiet-harbor")
    change = SetConfigVars(ports=plane.ports)

    def until_done(number: int) -> None:
        while True:
            try:
                change(ada, app, {f"K{number}": "1"})
            except Conflict:
                continue
            return

    threads = [Thread(target=until_done, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert config_vars.read(plane.ports, app) == {f"K{number}": "1" for number in range(6)}
    with sql.view() as work:
        assert [release.version for release in work.releases.list(app.id)] == [1, 2, 3, 4, 5, 6]
    sql.close()


def test_config_vars_that_vault_lost(plane: Any, ada: Actor, app: App) -> None:
    """A version that Vault no longer has is a sentence, not an empty config."""
    SetConfigVars(ports=plane.ports)(ada, app, {"A": "1"})
    plane.vault.versions.clear()

    with pytest.raises(NotFound, match="gone from Vault"):
        config_vars.read(plane.ports, app)
