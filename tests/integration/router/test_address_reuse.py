"""Addresses that pass from one app's dyno to another's: no request follows them, however old the router's table is."""

from __future__ import annotations

import json
import random
import threading
import time

import pytest

from tests.freezing import frozen
from tests.integration.router.town import ADDRESSES, APPS, Resident, Town, Visitors


@pytest.fixture
def town(edge, table):
    own = type(edge)()
    made = Town(own, table)
    yield made
    made.close()
    own.close()


def test_churn_over_twenty_addresses_gives_no_foreign_answer(town, eventually):
    """Five apps' dynos come and go while the table is fresh, frozen, and fed with what was true a while ago."""
    chance = random.Random(20)  # noqa: S311 - the same every time
    for app in APPS:
        town.replace(app)
    town.push()
    with Visitors(town.edge) as visitors:
        old = town.document()
        for turn in range(120):
            town.replace(chance.choice(APPS))
            if turn % 20 < 6:
                town.push()
            elif turn % 20 == 6:
                old = town.document()
            elif turn % 20 == 16:
                town.push(old)
        town.push()
        eventually(lambda: all((app, app) in visitors.answers for app in APPS))

    assert visitors.foreign() == {}
    assert visitors.own() > 100


def test_an_address_in_the_table_is_not_given_away(town):
    """The dyno is gone, the table does not know: whoever comes next gets another address, until it does."""
    town.replace("ant")
    town.push()
    stale = town.document()
    address = town.living["ant"].address
    town.living.pop("ant").end()

    given = {Resident(town.plugin, "bee") for _ in range(ADDRESSES - 1)}
    full = town.plugin.run("ADD", "one-more")

    try:
        assert address not in {each.address for each in given}
        assert full.returncode != 0
        assert json.loads(full.stdout)["msg"]
        assert town.plugin.leased() == sorted(each.address for each in given)
        assert stale["dynos"]
    finally:
        for each in given:
            each.end()


def test_an_address_is_free_again_when_every_worker_knows(town, eventually):
    """Not while a worker is frozen, which may go on with what it knew, and some time after all have seen the table."""

    def is_free() -> bool:
        return address not in town.edge.routed()

    town.replace("ant")
    town.push()
    address = town.living["ant"].address
    assert not is_free()
    assert town.edge.get("ant.localhost").text == "ant"
    town.living.pop("ant").end()
    eventually(lambda: len(town.edge.routed_files()) == 1)
    with frozen(town.edge.workers()[:1]):
        town.push()
        threading.Event().wait(3.5)
        assert not is_free()
    eventually(is_free)


def test_a_table_that_comes_late_is_held_against_the_leases(town):
    """What consul-template pushes after a long sleep names a dyno whose address another one has by now."""
    town.replace("ant")
    late = town.document()
    address = town.living["ant"].address
    town.living.pop("ant").end()
    while "bee" not in town.living or town.living["bee"].address != address:
        town.replace("bee")

    town.push(late)

    assert town.edge.get("bee.localhost").status_code == 503
    assert town.edge.get("ant.localhost", headers={"Connection": "close"}).status_code == 503


def test_a_dead_router_leaves_its_addresses_alone(town):
    """It will begin with the table that it kept: those addresses are not given away, others are."""
    town.replace("ant")
    town.push()
    address = town.living["ant"].address
    town.living.pop("ant").end()
    town.edge.stop()

    given = [Resident(town.plugin, "bee") for _ in range(ADDRESSES - 1)]
    for each in given:
        each.end()
    town.edge.start()

    assert address not in {each.address for each in given}
    assert town.edge.get("ant.localhost").status_code == 503


def test_a_frozen_router_keeps_its_addresses_and_holds_up_nobody(town):
    """Whatever it will do when it thaws: dynos start with other addresses than those it knows."""
    town.replace("ant")
    town.push()
    address = town.living["ant"].address
    town.living.pop("ant").end()
    with frozen(town.edge.workers()):
        started = time.monotonic()
        given = [Resident(town.plugin, "bee") for _ in range(ADDRESSES - 1)]
        taken = time.monotonic() - started
        for each in given:
            each.end()

    assert address not in {each.address for each in given}
    assert taken < 5


def test_files_of_old_tables_go(town, eventually):
    """However many tables there were, one file is left in the end, with the addresses of the last one."""
    for app in APPS:
        town.replace(app)
        town.push()

    eventually(lambda: len(town.edge.routed_files()) == 1, seconds=8)

    assert town.edge.routed() == {each.address for each in town.living.values()}
