"""What every config vault promises."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

import pytest

from control.adapters.memory import MemoryVault
from control.adapters.vault_config import VaultConfig
from control.ports.errors import ConfigVersionTaken, VaultUnavailable
from control.ports.vault import ConfigVault

AWKWARD = {"QUOTES": 'it\'s "$HOME" `x`', "LINES": "a\nb\r\n", "UNICODE": "é—✓", "EMPTY": "", "BIG": "x" * 65536}


@dataclass
class Stage:
    vault: ConfigVault
    unavailable: ConfigVault


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.platform)])
def stage(request) -> Stage:
    if request.param == "memory":
        sealed = MemoryVault()
        sealed.sealed = True
        return Stage(MemoryVault(), sealed)
    told = request.getfixturevalue("instance").control_secrets
    return Stage(
        VaultConfig(told["vault_addr"], role_id=told["vault_role_id"], secret_id=told["vault_secret_id"]),
        VaultConfig("http://127.0.0.1:9", role_id="x", secret_id="x"),
    )


@pytest.fixture
def app(stage):
    app_id = f"c0ffee00-0000-4000-8000-{secrets.token_hex(6)}"
    yield app_id
    stage.vault.forget(app_id)


def test_values_come_back_unchanged(stage, app):
    """Quotes, line ends, empty and large values, an empty set: all are read as they were written."""
    stage.vault.write(app, 1, AWKWARD)
    stage.vault.write(app, 2, {})

    assert stage.vault.read(app, 1) == AWKWARD
    assert stage.vault.read(app, 2) == {}


def test_version_zero_is_empty(stage, app):
    """Before any config var was set there is version 0."""
    assert stage.vault.read(app, 0) == {}


def test_versions_are_written_once(stage, app):
    """The same values again are success; others raise, and change nothing."""
    stage.vault.write(app, 1, {"A": "1"})
    stage.vault.write(app, 1, {"A": "1"})

    with pytest.raises(ConfigVersionTaken):
        stage.vault.write(app, 1, {"A": "2"})
    assert stage.vault.read(app, 1) == {"A": "1"}


def test_deleted_version_is_gone_and_may_be_written_anew(stage, app):
    """Deleting is for good; deleting what is not there is success."""
    stage.vault.write(app, 1, {"A": "1"})
    stage.vault.delete(app, 1)
    stage.vault.delete(app, 1)

    with pytest.raises(KeyError):
        stage.vault.read(app, 1)
    stage.vault.write(app, 1, {"A": "2"})
    assert stage.vault.read(app, 1) == {"A": "2"}


def test_forgotten_app_leaves_nothing(stage, app):
    """Role, policy and every version go; all of it may be done twice."""
    stage.vault.admit(app)
    stage.vault.admit(app)
    for version in (1, 2, 11):
        stage.vault.write(app, version, {"A": "1"})

    stage.vault.forget(app)
    stage.vault.forget(app)

    for version in (1, 2, 11):
        with pytest.raises(KeyError):
            stage.vault.read(app, version)


def test_what_is_there_is_listed(stage, app):
    """Apps, their versions in order, and when each was written."""
    assert stage.vault.list_versions(app) == []
    assert app not in stage.vault.list_apps()
    for version in (11, 2):
        stage.vault.write(app, version, {"A": "1"})

    assert stage.vault.list_versions(app) == [2, 11]
    assert app in stage.vault.list_apps()
    assert stage.vault.written_at(app, 2).utcoffset() == timedelta(0)
    assert stage.vault.written_at(app, 3) is None


def test_unavailable(stage, app):
    """A sealed or silent Vault raises VaultUnavailable, with a sentence."""
    stage.vault.ping()
    for ask in (
        stage.unavailable.ping,
        lambda: stage.unavailable.write(app, 1, {}),
        lambda: stage.unavailable.read(app, 1),
        lambda: stage.unavailable.delete(app, 1),
        stage.unavailable.list_apps,
        lambda: stage.unavailable.list_versions(app),
        lambda: stage.unavailable.written_at(app, 1),
        lambda: stage.unavailable.admit(app),
        lambda: stage.unavailable.forget(app),
    ):
        with pytest.raises(VaultUnavailable, match=r"^Vault .*\.$"):
            ask()


@pytest.mark.platform
def test_new_login_when_the_token_is_gone(instance):
    """A revoked or expired token costs one more request, not an error."""
    told = instance.control_secrets
    vault = VaultConfig(told["vault_addr"], role_id=told["vault_role_id"], secret_id=told["vault_secret_id"])
    vault.ping()
    vault._client.auth.token.revoke_self()

    vault.ping()


@pytest.mark.platform
def test_wrong_role_is_said(instance):
    """A role that Vault does not know is a sentence about the role, not about config vars."""
    told = instance.control_secrets
    with pytest.raises(VaultUnavailable, match=r"refuses the control plane's role"):
        VaultConfig(told["vault_addr"], role_id="wrong", secret_id="wrong").write("app", 1, {})


def test_certificates_are_written_once_and_go_with_the_app(stage, app):
    """A pair by endpoint and version; config vars are not among them, nor they among config vars."""
    stage.vault.write(app, 1, {"A": "1"})
    for version in (1, 2):
        stage.vault.write_certificate(app, "e1", version, chain=f"chain {version}", private_key="key")
    stage.vault.write_certificate(app, "e1", 2, chain="chain 2", private_key="key")
    with pytest.raises(ConfigVersionTaken):
        stage.vault.write_certificate(app, "e1", 2, chain="chain 2", private_key="another")

    assert stage.vault.read_certificate(app, "e1", 2) == {"chain": "chain 2", "private_key": "key"}
    assert stage.vault.read_certificate(app, "e1", 3) is None
    assert {key: list(versions) for key, versions in stage.vault.list_certificates(app).items()} == {"e1": [1, 2]}
    assert stage.vault.list_versions(app) == [1]
    assert stage.vault.certificate_written_at(app, "e1", 2) is not None
    assert stage.vault.certificate_written_at(app, "e1", 3) is None
    stage.vault.delete_certificate(app, "e1", 1)
    stage.vault.delete_certificate(app, "e1", 1)
    assert stage.vault.read_certificate(app, "e1", 1) is None
    stage.vault.forget(app)
    assert stage.vault.list_certificates(app) == {}


def test_the_platform_keeps_secrets_of_its_own(stage):
    """Under paths of its own, the last value in the place of the one before."""
    path = "platform/contract"
    stage.vault.keep_platform_secret(path, {"a": "1"})
    stage.vault.keep_platform_secret(path, {"b": "2"})

    assert stage.vault.platform_secret(path) == {"b": "2"}
    assert stage.vault.platform_secret("platform/nothing") is None
    assert path in stage.vault.list_platform_secrets()
