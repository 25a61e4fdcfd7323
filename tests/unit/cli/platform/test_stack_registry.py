"""What builds get of the host's registry settings."""

from __future__ import annotations

import pytest

from cli.platform import stack_registry


@pytest.fixture(autouse=True)
def no_pip_settings(monkeypatch):
    """The pip configuration of whoever runs the tests does not count."""
    monkeypatch.setattr(stack_registry, "_pip_setting", lambda _key: "")


def test_settings_are_passed_on_under_uvs_names_too():
    """Pip's variables mean nothing to uv."""
    env = stack_registry.registry_env({"PIP_INDEX_URL": "https://a/simple", "PIP_EXTRA_INDEX_URL": "https://b/simple"})

    assert env["UV_DEFAULT_INDEX"] == "https://a/simple"
    assert env["UV_INDEX"] == "https://b/simple"


def test_nothing_else_of_the_hosts_environment_is():
    """Tokens and paths of this machine stay here."""
    env = stack_registry.registry_env(
        {
            "NOMAD_TOKEN": "t",
            "AWS_SECRET_ACCESS_KEY": "s",
            "PIP_FIND_LINKS": "/opt/wheels",
            "SSL_CERT_FILE": "/x",
            "PATH": "/",
        }
    )

    assert env == {}


def test_the_bundle_of_authorities(tmp_path):
    """SSL_CERT_FILE names it, if it is there."""
    (tmp_path / "bundle").write_text("")

    assert stack_registry.host_bundle({"SSL_CERT_FILE": str(tmp_path / "bundle")}) == tmp_path / "bundle"
