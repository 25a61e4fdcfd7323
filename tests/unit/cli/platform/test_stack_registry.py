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


def test_go_settings_that_were_written_down(tmp_path):
    """`go env -w` keeps them in a file; the environment wins, and what is no registry's stays here."""
    (tmp_path / ".config/go").mkdir(parents=True)
    (tmp_path / ".config/go/env").write_text("GOPROXY=https://a\nGOPRIVATE=mine.test\nGOFLAGS=-mod=mod\n# GOSUMDB=x\n")

    env = stack_registry.registry_env({"HOME": str(tmp_path), "GOPROXY": "https://b"})

    assert env == {"GOPROXY": "https://b", "GOPRIVATE": "mine.test"}


MAVEN_SETTINGS = """\
<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0">
  <localRepository>/home/me/repository</localRepository>
  <mirrors>
    <mirror><id>other</id><mirrorOf>other</mirrorOf><url>https://other.test/maven</url></mirror>
    <mirror><id>all</id><mirrorOf>*, !mine</mirrorOf><url>https://mirror.test/maven/</url></mirror>
  </mirrors>
  <servers>
    <server><id>all</id><username>reader</username><password>read</password></server>
    <server><id>releases</id><username>publisher</username><password>publish</password></server>
  </servers>
</settings>
"""


def test_mavens_mirrors(tmp_path):
    """Builds get what says where repositories are, and the wrapper the one that stands for the central one."""
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2/settings.xml").write_text(MAVEN_SETTINGS)

    env = stack_registry.registry_env({"HOME": str(tmp_path)})

    assert env["MVNW_REPOURL"] == "https://mirror.test/maven"
    assert "<mirrorOf>*, !mine</mirrorOf>" in env["NOMAPAAS_MAVEN_SETTINGS"]
    assert env["NOMAPAAS_MAVEN_SETTINGS"].startswith("<settings>")
    assert "localRepository" not in env["NOMAPAAS_MAVEN_SETTINGS"]


def test_who_may_publish_stays_here(tmp_path):
    """Builds are the tenants': they get the passwords of repositories that they read from, and no others."""
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2/settings.xml").write_text(MAVEN_SETTINGS)

    passed = stack_registry.registry_env({"HOME": str(tmp_path)})["NOMAPAAS_MAVEN_SETTINGS"]

    assert "<password>read</password>" in passed
    assert "publish" not in passed


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<settings",
        "<settings><offline>true</offline></settings>",
        "<settings><servers><server><id>releases</id><password>publish</password></server></servers></settings>",
    ],
)
def test_maven_settings_that_say_nothing(content, tmp_path):
    """A file that Maven itself could not read, or that names no repository, adds nothing."""
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2/settings.xml").write_text(content)

    assert stack_registry.registry_env({"HOME": str(tmp_path)}) == {}
