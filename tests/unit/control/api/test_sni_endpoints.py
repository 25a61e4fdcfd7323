"""Certificates over the API, and what the router is told of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.platform.authority import make_authority
from control.domain.apps import App
from control.ports.catalog import Kind
from control.services.actor import Actor
from control.services.apps import DestroyApp
from control.worker.certificates import LEAF_DAYS, Certificates
from jobs import names
from tests.certificates import Pair, issue

PATH = "/apps/quiet-harbor/sni-endpoints"


def _issue(name: str, *hosts: str) -> Pair:
    """Good on the day that the tests' clock shows."""
    return issue(name, hosts=hosts, starts=datetime(2025, 12, 1, tzinfo=UTC))


WWW = _issue("www", "www.example.com", "*.example.org")


def _body(pair: Any) -> dict[str, str]:
    return {"certificate_chain": pair.chain, "private_key": pair.key}


def _told(plane: Any) -> dict[str, list[str]]:
    return {name: json.loads(text)["hosts"] for name, text in plane.catalog.entries(Kind.CERTIFICATE).items()}


@pytest.fixture
def worker(plane: Any) -> Certificates:
    made = make_authority("localhost")
    plane.vault.keep_platform_secret(names.AUTHORITY_PATH, made.authority)
    plane.vault.keep_platform_secret(names.ZONE_PATH, made.zone)
    return Certificates(ports=plane.ports, settings=plane.settings)


def _domain(api: Any, hostname: str) -> Any:
    return api.get(f"/apps/quiet-harbor/domains/{hostname}").json


def test_a_certificate_is_shown_for_what_it_is_good_for(api: Any, plane: Any, app: App, worker: Certificates) -> None:
    """Domains that are there and those that come; the key is in Vault and in no answer, row or entry."""
    for hostname in ("www.example.com", "other.example.com"):
        api.post("/apps/quiet-harbor/domains", {"hostname": hostname})
    made = api.post(PATH, _body(WWW))
    api.post("/apps/quiet-harbor/domains", {"hostname": "*.example.org"})
    worker.tick()

    assert made.status_code == 201
    assert made.json["ssl_cert"]["cert_domains"] == ["www.example.com", "*.example.org"]
    assert _domain(api, "www.example.com")["sni_endpoint"] == {"id": made.json["id"], "name": made.json["name"]}
    assert _domain(api, "other.example.com")["sni_endpoint"] is None
    key = names.certificate_key(app.id, made.json["id"], 1)
    assert _told(plane) == {key: ["*.example.org", "www.example.com"]}
    assert plane.vault.read_certificate(app.id, made.json["id"], 1)["private_key"] == WWW.key
    shown = json.dumps([made.json, plane.catalog.entries(Kind.CERTIFICATE)]) + repr(vars(plane.state))
    with plane.state.view() as work:
        shown += repr((work.sni_endpoints.list(app.id), work.events.list(app.id)))
    assert "PRIVATE" not in shown
    assert len(api.get(PATH).json[0]["domains"]) == 2


def test_another_pair_takes_its_place(api: Any, plane: Any, app: App, worker: Certificates) -> None:
    """Under a new version; the old one is gone, and so is what the new one is not good for."""
    for hostname in ("www.example.com", "a.example.org"):
        api.post("/apps/quiet-harbor/domains", {"hostname": hostname})
    made = api.post(PATH, _body(WWW)).json
    plane.vault.write_certificate(app.id, made["id"], 2, chain="of a change", private_key="that was killed")
    new = _issue("new", "www.example.com")

    changed = api.patch(f"{PATH}/{made['name']}", _body(new))
    worker.tick()

    assert (changed.status_code, changed.json["id"]) == (200, made["id"])
    assert _told(plane) == {names.certificate_key(app.id, made["id"], 3): ["www.example.com"]}
    assert plane.vault.read_certificate(app.id, made["id"], 1) is None
    assert _domain(api, "a.example.org")["sni_endpoint"] is None


def test_a_removed_one_is_forgotten(api: Any, plane: Any, app: App, worker: Certificates) -> None:
    """Its domains get another one that is good for them; then none."""
    api.post("/apps/quiet-harbor/domains", {"hostname": "www.example.com"})
    first = api.post(PATH, _body(WWW)).json
    second = api.post(PATH, _body(_issue("second", "*.example.com"))).json
    worker.tick()

    api.delete(f"{PATH}/{first['name']}")
    worker.tick()

    assert list(_told(plane)) == [names.certificate_key(app.id, second["id"], 1)]
    assert plane.vault.read_certificate(app.id, first["id"], 1) is None
    assert api.get(f"{PATH}/{first['name']}").json["resource"] == "sni_endpoint"
    api.delete(f"{PATH}/{second['id']}")
    worker.tick()
    assert _told(plane) == {}
    assert _domain(api, "www.example.com")["sni_endpoint"] is None


def test_one_is_chosen_by_hand(api: Any, app: App) -> None:
    """Only one that is good for the name; refusals change nothing."""
    first = api.post(PATH, _body(WWW)).json
    other = api.post(PATH, _body(_issue("other", "other.example.com"))).json
    refused = api.post("/apps/quiet-harbor/domains", {"hostname": "www.example.com", "sni_endpoint": other["name"]})
    assert (refused.status_code, "is not good for" in refused.json["message"]) == (422, True)
    assert len(api.get("/apps/quiet-harbor/domains").json) == 1

    made = api.post("/apps/quiet-harbor/domains", {"hostname": "www.example.com", "sni_endpoint": first["id"]})
    assert made.json["sni_endpoint"]["id"] == first["id"]
    none = api.patch("/apps/quiet-harbor/domains/www.example.com", {"sni_endpoint": None})
    assert none.json["sni_endpoint"] is None
    assert api.patch("/apps/quiet-harbor/domains/www.example.com", {"sni_endpoint": "nobody"}).status_code == 404


def test_what_is_no_pair_changes_nothing(api: Any, plane: Any, app: App) -> None:
    """Neither in Vault nor in the database."""
    stranger = _issue("stranger", "www.example.com")
    bodies = [{}, {"certificate_chain": "x"}, {"certificate_chain": WWW.chain, "private_key": stranger.key}]
    bodies += [{"certificate_chain": WWW.chain, "private_key": "x" * 20_000}, {"certificate_chain": 7}]

    answers = [api.post(PATH, body) for body in bodies]

    assert {answer.status_code for answer in answers} == {422}
    assert plane.vault.certificates == {}
    assert api.get(PATH).json == []


def test_the_worker_keeps_a_leaf_for_every_app(
    api: Any, plane: Any, ada: Actor, app: App, worker: Certificates
) -> None:
    """It stays as it is until it is due, follows a rename, goes with the app, and mends what somebody changed."""
    worker.tick()
    first = plane.catalog.entries(Kind.LEAF)[app.id]
    plane.clock.advance(seconds=90)
    worker.tick()
    assert (json.loads(first)["hosts"], plane.catalog.entries(Kind.LEAF)[app.id]) == (["quiet-harbor.localhost"], first)

    plane.catalog.put_entry(Kind.LEAF, app.id, "broken")
    plane.catalog.put_entry(Kind.LEAF, "stranger", "{}")
    plane.clock.advance(seconds=90)
    worker.tick()
    mended = plane.catalog.entries(Kind.LEAF)
    assert list(mended) == [app.id]
    plane.clock.advance(seconds=86_400 * (LEAF_DAYS - 29))
    worker.tick()
    assert plane.catalog.entries(Kind.LEAF)[app.id] not in (first, mended[app.id])

    api.patch("/apps/quiet-harbor", {"name": "new-harbor"})
    worker.tick()
    assert json.loads(plane.catalog.entries(Kind.LEAF)[app.id])["hosts"] == ["new-harbor.localhost"]
    DestroyApp(ports=plane.ports)(ada, app)
    worker.tick()
    assert plane.catalog.entries(Kind.LEAF) == {}


def test_a_zone_of_several_labels_has_one_wildcard(plane: Any, app: App, worker: Certificates) -> None:
    """However many apps there are."""
    worker.settings = replace(plane.settings, domain="apps.example.com")
    made = make_authority("apps.example.com")
    plane.vault.keep_platform_secret(names.AUTHORITY_PATH, made.authority)
    worker.tick()

    found = {name: json.loads(text)["hosts"] for name, text in plane.catalog.entries(Kind.LEAF).items()}
    assert found == {"zone": ["*.apps.example.com", "apps.example.com"]}


def test_the_worker_waits_for_parts_that_do_not_answer(plane: Any, app: App, worker: Certificates) -> None:
    """And then does what there is to do."""
    plane.catalog.down = True
    worker.tick()
    plane.catalog.down = False
    worker.tick()

    assert list(plane.catalog.entries(Kind.LEAF)) == [app.id]


def test_a_lost_pair_keeps_no_other_waiting(api: Any, plane: Any, app: App, worker: Certificates) -> None:
    """The router is told of those only that it can get."""
    for hostname in ("www.example.com", "b.example.com"):
        api.post("/apps/quiet-harbor/domains", {"hostname": hostname})
    lost = api.post(PATH, _body(WWW)).json
    kept = api.post(PATH, _body(_issue("b", "b.example.com"))).json
    plane.vault.delete_certificate(app.id, lost["id"], 1)

    worker.tick()

    assert list(_told(plane)) == [names.certificate_key(app.id, kept["id"], 1)]


def test_https_only_is_a_switch(api: Any, plane: Any, app: App) -> None:
    """The router is told, the trail has it, and odd values change nothing."""
    assert api.get("/apps/quiet-harbor/https").json == {"force": False, "hsts": 0}
    assert api.patch("/apps/quiet-harbor/https", {"force": True, "hsts": 300}).json == {"force": True, "hsts": 300}
    for odd in ({"hsts": -1}, {"hsts": 63_072_001}, {"hsts": "x"}, {"force": 1}):
        assert api.patch("/apps/quiet-harbor/https", odd).status_code == 422

    assert api.get("/apps/quiet-harbor/https").json == {"force": True, "hsts": 300}
    with plane.state.view() as work:
        assert work.apps.get(app.id).desired_generation == 1
        assert "https.update" in {each.action for each in work.events.list(app.id)}
