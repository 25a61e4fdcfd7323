"""apps, create, info, open, rename, destroy."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

APP: dict[str, Any] = {
    "id": "a1",
    "name": "hello",
    "web_url": "http://hello.localhost:8080/",
    "git_url": "https://git.localhost/hello.git",
    "stack": {"name": "nomapaas-13"},
    "owner": {"email": "ada@example.com"},
    "region": {"name": "local"},
    "maintenance": False,
    "slug_size": 1234567,
    "created_at": "2026-03-01T10:00:00Z",
    "released_at": "2026-03-01T11:55:00Z",
}


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(cli) -> Path:
    git(cli.folder, "init", "--quiet")
    folder: Path = cli.folder
    return folder


def test_apps_lists_names(cli, host):
    """Sorted, one a line."""
    host.on("GET", "/apps", [APP, APP | {"name": "alpha", "maintenance": True}])

    result = cli("apps")

    assert (result.status, result.out, result.err) == (0, "=== Apps\nalpha (maintenance)\nhello\n", "")


def test_no_apps(cli, host):
    """Nothing on stdout, what to do on stderr."""
    host.on("GET", "/apps", [])

    result = cli("list")

    assert (result.status, result.out, result.err) == (0, "", "You have no apps. Make one: nomapaas create.\n")


def test_create_in_a_repository_adds_the_remote(cli, host, repository):
    """The new app's addresses on stdout; git then knows the app."""
    host.on("POST", "/apps", APP, status=201)

    result = cli("create", "hello")

    assert (result.status, result.out) == (0, "http://hello.localhost:8080/ | https://git.localhost/hello.git\n")
    assert result.err == "Creating ⬢ hello... done, stack is nomapaas-13\nGit remote nomapaas added.\n"
    assert host.bodies("POST", "/apps") == [{"name": "hello"}]
    assert git(repository, "remote", "get-url", "nomapaas") == "http://127.0.0.1:8081/hello.git\n"


def test_create_leaves_another_apps_remote_alone(cli, host, repository):
    """A second app does not take the first one's place unseen."""
    git(repository, "remote", "add", "nomapaas", "http://127.0.0.1:8081/first.git")
    host.on("POST", "/apps", APP, status=201)

    result = cli("create")

    assert result.status == 0
    assert "Creating app... done, hello, stack is nomapaas-13\n" in result.err
    assert " ›   Warning: The git remote nomapaas is http://127.0.0.1:8081/first.git already" in result.err
    assert git(repository, "remote", "get-url", "nomapaas") == "http://127.0.0.1:8081/first.git\n"


def test_create_outside_of_git_says_how_to_name_the_app(cli, host):
    """There is no remote to remember it by."""
    host.on("POST", "/apps", APP, status=201)

    result = cli("apps:create", "hello", "--stack", "nomapaas-13", "--json")

    assert json.loads(result.out)["name"] == "hello"
    assert host.bodies("POST", "/apps") == [{"name": "hello", "stack": "nomapaas-13"}]
    assert result.err.endswith("This folder is in no git repository: give --app hello, or set NOMAPAAS_APP=hello.\n")


def test_a_taken_name_is_the_apis_sentence(cli, host):
    """The CLI adds no words of its own."""
    host.on("POST", "/apps", {"id": "invalid_params", "message": "Name hello is already taken"}, status=422)

    result = cli("create", "hello")

    assert (result.status, result.out) == (1, "")
    assert result.err == "Creating ⬢ hello... !\n ›   Error: Name hello is already taken.\n"


def test_info(cli, host):
    """What there is to know, aligned."""
    host.on("GET", "/apps/hello", APP)
    host.on("GET", "/apps/hello/formation", [{"type": "web", "quantity": 2, "size": "free"}])
    host.on("GET", "/apps/hello/dynos", [{"type": "web"}, {"type": "web"}])

    result = cli("info")

    assert (result.status, result.err) == (0, "")
    assert result.out == (
        "=== hello\n"
        "Dynos:     web: 2\n"
        "Formation: web=2:free\n"
        "Git URL:   https://git.localhost/hello.git\n"
        "Owner:     ada@example.com\n"
        "Region:    local\n"
        "Slug Size: 1.2 MB\n"
        "Stack:     nomapaas-13\n"
        "Created:   2026/03/01 10:00:00 +0000 (~ 2h ago)\n"
        "Released:  2026/03/01 11:55:00 +0000 (~ 5m ago)\n"
        "Web URL:   http://hello.localhost:8080/\n"
    )
    assert {"app", "formation", "dynos"} == set(json.loads(cli("info", "--json").out))


def test_open_opens_the_browser(cli, host):
    """At the app, or a path of it."""
    host.on("GET", "/apps/hello", APP)

    result = cli("open", "/admin")

    assert (result.status, result.out, result.err) == (0, "", "Opening ⬢ hello... done\n")
    assert cli.browser == ["http://hello.localhost:8080/admin"]


def test_open_without_a_browser_prints_the_url(cli, host):
    """On a server, say."""
    host.on("GET", "/apps/hello", APP)
    cli.has_browser = False

    result = cli("open")

    assert (result.status, result.out) == (0, "http://hello.localhost:8080/\n")
    assert result.err == "Opening ⬢ hello... there is no browser here\n"


def test_rename_changes_the_remote_too(cli, host, repository):
    """The repository goes on knowing the app."""
    git(repository, "remote", "add", "nomapaas", "http://127.0.0.1:8081/hello.git")
    host.on("GET", "/apps/hello", APP)
    host.on("PATCH", "/apps/hello", APP | {"name": "bye", "web_url": "http://bye.localhost:8080/"})

    result = cli("rename", "bye")

    assert (result.status, result.out) == (0, "http://bye.localhost:8080/ | https://git.localhost/hello.git\n")
    assert result.err == "Renaming ⬢ hello to bye... done\nGit remote nomapaas updated.\n"
    assert git(repository, "remote", "get-url", "nomapaas") == "http://127.0.0.1:8081/bye.git\n"


def test_destroy_needs_the_name(cli, host):
    """Without a terminal and without --confirm it fails at once."""
    host.on("GET", "/apps/hello", APP)

    result = cli("destroy", stdin="hello\n")

    assert (result.status, result.out) == (1, "")
    assert (
        result.err == " ›   Error: This would destroy ⬢ hello with its releases, config vars and logs. "
        "To do so without a terminal, add --confirm hello.\n"
    )
    assert "DELETE /apps/hello" not in host.calls()


def test_destroy_with_another_name_changes_nothing(cli, host):
    """--confirm must match exactly."""
    host.on("GET", "/apps/hello", APP)

    result = cli("destroy", "--confirm", "hell")

    assert result.status == 1
    assert result.err == " ›   Error: hell is not the name of the app, hello. Nothing was changed.\n"


@pytest.mark.parametrize("words", [("destroy", "--confirm", "hello"), ("apps:destroy", "hello", "-c", "hello")])
def test_destroy_removes_the_app_and_its_remote(cli, host, repository, words):
    """By --app, by argument, by the remote."""
    git(repository, "remote", "add", "nomapaas", "http://127.0.0.1:8081/hello.git")
    host.on("GET", "/apps/hello", APP)
    host.on("DELETE", "/apps/hello", APP)

    result = cli(*words)

    assert (result.status, result.err) == (0, "Destroying ⬢ hello... done\nGit remote nomapaas removed.\n")
    assert git(repository, "remote") == ""


def test_destroy_asks_at_a_terminal(cli, host):
    """The name has to be typed."""
    host.on("GET", "/apps/hello", APP)
    host.on("DELETE", "/apps/hello", APP)

    wrong = cli("destroy", "--no-color", stdin="y\n", tty=True)
    none = cli("destroy", "--no-color", stdin="", tty=True)
    right = cli("destroy", "--no-color", stdin="hello\n", tty=True)

    assert (wrong.status, none.status, right.status) == (1, 1, 0)
    assert " ›   Warning: This will destroy ⬢ hello with its releases, config vars and logs.\n" in wrong.err
    assert none.err.endswith("> \n ›   Error: hello was not typed, so nothing was changed.\n")
    assert " ›   To go on, type hello, or use --confirm hello.\n> " in wrong.err
    assert "y is not the name of the app, hello." in wrong.err


@pytest.mark.parametrize("words", [["create", ""], ["create", "--app", ""]])
def test_an_empty_name_is_not_taken_for_none(cli, host, words):
    """In a script it is a variable that was never set; no app of a made up name comes of it."""
    result = cli(*words)

    assert result.status == 2
    assert " ›   Error: The app's name is empty. Give one, or leave it out for one that is made up." in result.err
    assert host.requests == []
