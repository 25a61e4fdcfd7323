"""Which app a command is about."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.app_choice import app_of_remote, is_loopback

API = "http://127.0.0.1:8081"


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(cli) -> Path:
    git(cli.folder, "init", "--quiet")
    folder: Path = cli.folder
    return folder


@pytest.mark.parametrize(
    ("url", "app"),
    [
        ("http://127.0.0.1:8081/hello.git", "hello"),
        ("http://localhost:8081/hello.git", "hello"),
        ("http://user:pw@127.0.0.1:8081/hello.git", "hello"),
        ("http://127.0.0.1:9000/hello.git", None),
        ("https://127.0.0.1:8081/hello.git", None),
        ("http://127.0.0.1:8081/hello", None),
        ("http://127.0.0.1:8081/a/hello.git", None),
        ("http://127.0.0.1:8081/.git", None),
        ("git@github.com:ada/hello.git", None),
        ("http://127.0.0.1:port/hello.git", None),
    ],
)
def test_the_app_of_a_remote(url, app):
    """Only addresses of this platform are apps of it."""
    assert app == app_of_remote(url, API)


def test_loopback():
    """This machine under all its names."""
    assert all(is_loopback(name) for name in ("127.0.0.1", "127.0.0.9", "localhost", "::1", "api.localhost"))
    assert not any(is_loopback(name) for name in (None, "", "paas.example.com", "10.0.0.1"))


def test_the_order_is_option_variable_remote(cli, host, repository):
    """--app, then NOMAPAAS_APP, then the git remote nomapaas."""
    git(repository, "remote", "add", "nomapaas", f"{API}/third.git")
    for name in ("first", "second", "third"):
        host.on("GET", f"/apps/{name}", {"maintenance": False})
    cli.variables["NOMAPAAS_APP"] = "second"

    cli("maintenance", "-a", "first")
    cli("maintenance")
    del cli.variables["NOMAPAAS_APP"]
    cli("maintenance")

    assert host.calls() == ["GET /apps/first", "GET /apps/second", "GET /apps/third"]


def test_a_named_remote_goes_before_the_variable(cli, host, repository):
    """--remote is more exact than NOMAPAAS_APP."""
    git(repository, "remote", "add", "staging", f"{API}/hello-staging.git")
    host.on("GET", "/apps/hello-staging", {"maintenance": False})

    assert cli("maintenance", "-r", "staging").status == 0


def test_one_remote_of_any_name_is_enough(cli, host, repository):
    """As long as there is no question which."""
    del cli.variables["NOMAPAAS_APP"]
    git(repository, "remote", "add", "origin", "git@github.com:ada/hello.git")
    git(repository, "remote", "add", "prod", f"{API}/hello-prod.git")
    host.on("GET", "/apps/hello-prod", {"maintenance": False})

    assert cli("maintenance").status == 0


def test_several_remotes_need_a_choice(cli, host, repository):
    """The error prints both ways to choose each."""
    del cli.variables["NOMAPAAS_APP"]
    git(repository, "remote", "add", "prod", f"{API}/hello-prod.git")
    git(repository, "remote", "add", "staging", f"{API}/hello-staging.git")

    result = cli("maintenance")

    assert (result.status, host.calls()) == (1, [])
    assert result.err == (
        " ›   Error: Several git remotes are apps. Choose one:\n"
        " ›     --app hello-prod  or  --remote prod\n"
        " ›     --app hello-staging  or  --remote staging\n"
    )


def test_a_remote_of_another_platform_is_not_mistaken(cli, host, repository):
    """An app of the same name elsewhere must not be changed; the remote's password is not shown."""
    del cli.variables["NOMAPAAS_APP"]
    git(repository, "remote", "add", "nomapaas", "https://me:pw@paas.example.com/hello.git")

    result = cli("destroy", "--confirm", "hello")

    assert (result.status, host.calls()) == (1, [])
    assert (
        result.err == " ›   Error: The git remote nomapaas (https://paas.example.com/hello.git) is no app at "
        "http://127.0.0.1:8081. Use --app NAME, or set NOMAPAAS_API_URL to the platform that the remote belongs to.\n"
    )


def test_a_remote_that_there_is_not(cli, host, repository):
    """Inside and outside of a repository."""
    assert (
        cli("info", "-r", "nope").err
        == ' ›   Error: There is no git remote nope. "git remote -v" lists those that there are.\n'
    )


def test_a_remote_without_a_repository(cli, host):
    """There can be none."""
    assert "for this folder is in no git repository. Use --app NAME." in cli("info", "-r", "nope").err


def test_a_name_cannot_reach_another_resource(cli, host):
    """What is given as a name stays one part of the path."""
    cli("maintenance", "-a", "../../account?x=")

    assert host.requests[0].url.raw_path.decode() == "/apps/..%2F..%2Faccount%3Fx%3D"
