"""Settings from the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from control.settings import Secret, Settings, SettingsError


def test_defaults(tmp_path: Path) -> None:
    """A home is enough: everything else has a default that follows from it."""
    settings = Settings.from_env({"NOMAPAAS_HOME": str(tmp_path)})

    assert settings.database_url == f"sqlite:///{tmp_path}/state/nomapaas.db"
    assert (settings.port("router"), settings.port("api"), settings.node_port) == (8080, 8081, 8085)
    assert settings.web_url("one") == "http://one.localhost:8080/"
    assert not settings.signing_secret


def test_an_instance(tmp_path: Path) -> None:
    """Ports and hosts follow the instance; port 80 is not spelt out."""
    env = {"NOMAPAAS_HOME": str(tmp_path), "NOMAPAAS_PORT_BASE": "80", "NOMAPAAS_DOMAIN": "paas.example"}

    assert Settings.from_env(env).web_url("one") == "http://one.paas.example/"


def test_a_redirect_of_ports(tmp_path: Path) -> None:
    """People are told the port that they can use."""
    env = {"NOMAPAAS_HOME": str(tmp_path), "NOMAPAAS_PUBLIC_HTTP_PORT": "80"}

    assert Settings.from_env(env).web_url("one") == "http://one.localhost/"
    assert Settings.from_env(env | {"NOMAPAAS_PUBLIC_HTTP_PORT": "81"}).web_url("one") == "http://one.localhost:81/"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("NOMAPAAS_PORT_BASE", "many", "must be a whole number"),
        ("NOMAPAAS_BOOT_TIMEOUT", "-1", "must not be negative"),
        ("NOMAPAAS_RECONCILE_INTERVAL", "soon", "must be a number"),
        ("NOMAPAAS_BUILD_ENV", "[]", "JSON object of texts"),
        ("NOMAPAAS_BUILD_ENV", '{"A": 1}', "JSON object of texts"),
    ],
)
def test_bad_settings_name_themselves(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    """A setting that cannot be used is named, with what it must be."""
    with pytest.raises(SettingsError, match=sentence) as caught:
        Settings.from_env({"NOMAPAAS_HOME": str(tmp_path), name: value})
    assert name in str(caught.value)


def test_secrets_show_nothing(tmp_path: Path) -> None:
    """Secrets come from the secrets file and show in no repr."""
    path = tmp_path / "control.json"
    path.write_text(json.dumps({"nomad_addr": "http://n", "nomad_token": "hunter2", "signing_secret": "hunter2"}))

    settings = Settings.from_env({"NOMAPAAS_HOME": str(tmp_path), "NOMAPAAS_SECRETS_FILE": str(path)})

    assert settings.servers.nomad_token.reveal() == "hunter2"
    assert settings.servers.nomad_addr == "http://n"
    assert "hunter2" not in f"{settings!r} {settings.servers!r} {settings.signing_secret!r} {Secret('hunter2')}"


def test_a_broken_secrets_file(tmp_path: Path) -> None:
    """A secrets file that cannot be read says so, without its content."""
    path = tmp_path / "control.json"
    path.write_text("{hunter2")

    with pytest.raises(SettingsError, match="run `nomapaas up`") as caught:
        Settings.from_env({"NOMAPAAS_HOME": str(tmp_path), "NOMAPAAS_SECRETS_FILE": str(path)})
    assert "hunter2" not in str(caught.value)


def test_a_binding_at_the_acme_server(tmp_path: Path) -> None:
    """The key comes from the environment or from the secrets file, and shows itself nowhere."""
    secrets = tmp_path / "control.json"
    env = {"NOMAPAAS_HOME": str(tmp_path), "NOMAPAAS_SECRETS_FILE": str(secrets), "NOMAPAAS_ACME_EAB_KID": "kid-1"}
    secrets.write_text(json.dumps({"acme_eab_hmac": "c2VjcmV0-_"}))

    settings = Settings.from_env(env)

    assert (settings.acme_eab_kid, settings.acme_eab_hmac.reveal()) == ("kid-1", "c2VjcmV0-_")
    assert "c2VjcmV0" not in repr(settings)


@pytest.mark.parametrize(
    "told", [{"KID": "kid-1"}, {"HMAC": "c2VjcmV0"}, {"KID": "kid-1", "HMAC": "a+b/"}, {"KID": "kid-1", "HMAC": "a b"}]
)
def test_half_a_binding_is_said(tmp_path: Path, told: dict[str, str]) -> None:
    """Also a key that is none."""
    env = {f"NOMAPAAS_ACME_EAB_{name}": value for name, value in told.items()} | {"NOMAPAAS_HOME": str(tmp_path)}

    with pytest.raises(SettingsError, match="belong together"):
        Settings.from_env(env)
