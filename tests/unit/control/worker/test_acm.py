"""Automatic certificates: switched on by people, got and renewed by the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.domains import AcmStatus, Domain
from control.errors import InvalidParams
from control.ports.catalog import Kind
from control.ports.issuer import IssuanceRefused, Issued, IssuerUnavailable
from control.services.acm import DisableAcm, EnableAcm
from control.services.actor import Actor
from control.services.certificates import AddCertificate
from control.services.domains import AddDomain, RemoveDomain
from control.settings import Secret
from control.worker.acm import AGAIN, Acm
from tests.certificates import issue


@dataclass
class ScriptedIssuer:
    """An ACME server that signs what it is asked for, once it has seen the answer to its question."""

    plane: Any
    refuses: Exception | None = None
    meanwhile: Callable[[], object] = lambda: None
    asked: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)

    def issue(self, hostname: str, *, publish: Callable[[str, str], None]) -> Issued:
        self.asked.append(hostname)
        publish("token", "token.thumbprint")
        self.seen.append(dict(self.plane.catalog.entries(Kind.CHALLENGE)))
        self.meanwhile()
        if self.refuses:
            raise self.refuses
        pair = issue(hostname, hosts=[hostname], starts=self.plane.clock.now(), days=90)
        return Issued(chain=pair.chain, private_key=pair.key)


@pytest.fixture
def issuer(plane: Any) -> ScriptedIssuer:
    return ScriptedIssuer(plane)


@pytest.fixture
def acm(plane: Any, issuer: ScriptedIssuer) -> Acm:
    return Acm(ports=plane.ports, issuer=issuer)


@dataclass
class Scene:
    """One app with one domain, for which certificates are to be got."""

    plane: Any
    ada: Actor
    app: App
    acm: Acm
    issuer: ScriptedIssuer

    def add(self, hostname: str) -> Domain:
        return AddDomain(ports=self.plane.ports, zone="localhost")(self.ada, self.app, hostname=hostname)

    def enable(self, app: App, *, refresh: bool = False) -> App:
        return EnableAcm(ports=self.plane.ports, directory="https://acme.invalid/dir")(self.ada, app, refresh=refresh)


@pytest.fixture
def scene(plane: Any, ada: Actor, app: App, acm: Acm, issuer: ScriptedIssuer) -> Scene:
    return Scene(plane, ada, app, acm, issuer)


@pytest.fixture
def enabled(scene: Scene) -> Domain:
    domain = scene.add("www.example.com")
    scene.app = scene.enable(scene.app)
    return domain


def _now(plane: Any, domain: Domain) -> Any:
    with plane.state.view() as work:
        found = work.domains.get(domain.id)
        return found, work.sni_endpoints.get(found.sni_endpoint_id or "")


def test_a_domain_gets_a_certificate(scene: Scene, enabled: Domain) -> None:
    """The answer is at the edge while the server looks, and gone afterwards; nothing is asked for twice."""
    scene.acm.tick()
    scene.acm.tick()

    domain, endpoint = _now(scene.plane, enabled)
    assert (scene.issuer.asked, scene.issuer.seen) == (["www.example.com"], [{"token": "token.thumbprint"}])
    assert (domain.acm_status, endpoint.acm, endpoint.cert_domains) == (AcmStatus.OK, True, ("www.example.com",))
    assert scene.plane.vault.read_certificate(domain.app_id, endpoint.id, 1)["chain"] == endpoint.certificate_chain
    assert scene.plane.catalog.entries(Kind.CHALLENGE) == {}
    assert scene.plane.edge.asked_for == ["token"]


def test_it_is_renewed_in_time(scene: Scene, enabled: Domain) -> None:
    """After two thirds of its life, under the same name; the old key is gone."""
    scene.acm.tick()
    _, first = _now(scene.plane, enabled)
    scene.plane.clock.advance(86_400 * 59)
    scene.acm.tick()
    assert len(scene.issuer.asked) == 1
    scene.plane.clock.advance(86_400 * 2)
    scene.acm.tick()

    _, second = _now(scene.plane, enabled)
    assert (len(scene.issuer.asked), second.id, second.name, second.version) == (2, first.id, first.name, 2)
    assert second.expires_at > first.expires_at
    assert scene.plane.vault.read_certificate(first.app_id, first.id, 1) is None


@pytest.mark.parametrize("failure", [IssuanceRefused("No A record."), IssuerUnavailable("It is busy.")])
def test_a_failure_is_told_and_tried_again_later(scene: Scene, enabled: Domain, failure: Exception) -> None:
    """After an hour; what was shown before stays."""
    scene.issuer.refuses = failure
    scene.acm.tick()
    scene.acm.tick()
    domain, _ = _now(scene.plane, enabled)
    assert (domain.acm_status, domain.acm_status_reason) == (AcmStatus.FAILING, str(failure))
    assert len(scene.issuer.asked) == 1
    assert scene.plane.catalog.entries(Kind.CHALLENGE) == {}

    scene.issuer.refuses = None
    scene.plane.clock.advance(AGAIN.total_seconds() + 1)
    scene.acm.tick()
    assert _now(scene.plane, enabled)[0].acm_status is AcmStatus.OK


def _waits(scene: Scene, count: int) -> list[float]:
    """Hours after each of so many failures until the next try."""
    found = []
    for _ in range(count):
        scene.acm.tick()
        with scene.plane.state.view() as work:
            (domain,) = work.domains.list(scene.app.id)
        assert domain.acm_try_at is not None
        found.append((domain.acm_try_at - scene.plane.clock.now()).total_seconds() / 3600)
        scene.plane.clock.advance(found[-1] * 3600)
    return found


@pytest.mark.usefixtures("enabled")
def test_a_domain_that_goes_on_failing_is_tried_ever_more_seldom(scene: Scene) -> None:
    """Up to a day; a refresh, or a success, begins anew."""
    scene.issuer.refuses = IssuanceRefused("No A record.")
    assert _waits(scene, 7) == [1, 2, 4, 8, 16, 24, 24]

    scene.enable(scene.app, refresh=True)
    assert _waits(scene, 2) == [1, 2]


@pytest.mark.usefixtures("enabled")
def test_the_server_says_how_long(scene: Scene) -> None:
    """Longer than we would wait counts, shorter does not."""
    scene.issuer.refuses = IssuerUnavailable("Too many.", retry_after=timedelta(hours=30))
    assert _waits(scene, 1) == [30]
    scene.issuer.refuses = IssuerUnavailable("Too many.", retry_after=timedelta(minutes=1))
    assert _waits(scene, 1) == [24]


def test_what_runs_out_comes_before_what_is_new(scene: Scene, enabled: Domain) -> None:
    """The account's limits are spent on those first who have something to lose."""
    scene.acm.tick()
    scene.add("aaa.example.com")
    scene.plane.clock.advance(86_400 * 61)
    scene.issuer.asked.clear()

    scene.acm.tick()

    assert scene.issuer.asked == [enabled.hostname, "aaa.example.com"]


def test_a_refresh_tries_at_once(scene: Scene, enabled: Domain) -> None:
    """Whoever has mended their DNS need not wait."""
    scene.issuer.refuses = IssuanceRefused("No A record.")
    scene.acm.tick()
    scene.issuer.refuses = None
    scene.enable(scene.app, refresh=True)
    scene.acm.tick()

    assert _now(scene.plane, enabled)[0].acm_status is AcmStatus.OK


def test_what_is_left_alone(scene: Scene, enabled: Domain) -> None:
    """Wildcards, which say why, and domains with a certificate that somebody brought."""
    pair = issue("brought", hosts=["brought.example.com"], starts=scene.plane.clock.now())
    AddCertificate(ports=scene.plane.ports)(scene.ada, scene.app, chain=pair.chain, private_key=Secret(pair.key))
    brought, wild = scene.add("brought.example.com"), scene.add("*.example.org")
    scene.acm.tick()

    assert scene.issuer.asked == ["www.example.com"]
    assert (brought.acm_status, wild.acm_status) == (None, AcmStatus.FAILED)
    assert "certs:add" in (wild.acm_status_reason or "")


def test_a_domain_that_goes_meanwhile_keeps_nothing(scene: Scene, enabled: Domain) -> None:
    """Neither row nor key of a certificate that came too late."""
    scene.issuer.meanwhile = lambda: RemoveDomain(ports=scene.plane.ports)(
        scene.ada, scene.app, domain="www.example.com"
    )
    scene.acm.tick()

    with scene.plane.state.view() as work:
        assert work.sni_endpoints.list(scene.app.id) == []
    assert scene.plane.vault.certificates == {}


def test_switching_off_removes_what_was_got(scene: Scene, enabled: Domain) -> None:
    """And nothing more is asked for; a platform without a server refuses to switch on."""
    scene.acm.tick()
    DisableAcm(ports=scene.plane.ports)(scene.ada, scene.app)
    scene.plane.clock.advance(86_400 * 90)
    scene.acm.tick()

    domain, endpoint = _now(scene.plane, enabled)
    assert (domain.acm_status, domain.acm_try_at, endpoint) == (None, None, None)
    assert scene.plane.vault.certificates == {}
    assert len(scene.issuer.asked) == 1
    with pytest.raises(InvalidParams, match="NOMAPAAS_ACME_DIRECTORY"):
        EnableAcm(ports=scene.plane.ports, directory="")(scene.ada, scene.app)
    with pytest.raises(InvalidParams, match="are off"):
        scene.enable(replace(scene.app, acm=False), refresh=True)


def test_what_a_kill_left_at_the_edge_is_cleared(scene: Scene) -> None:
    """Old answers do not pile up."""
    scene.plane.catalog.put_entry(Kind.CHALLENGE, "old", "old.thumbprint")
    scene.acm.tick()

    assert scene.plane.catalog.entries(Kind.CHALLENGE) == {}
