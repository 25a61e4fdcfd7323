"""login, logout, whoami, auth:token."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

AUTHORIZATION = {"id": "auth-1", "access_token": {"token": "new-token"}, "user": {"email": "ada@example.com"}}


@pytest.fixture
def credentials(cli) -> Path:
    del cli.variables["NOMAPAAS_API_KEY"]
    return Path(cli.variables["HOME"]) / ".config" / "nomapaas" / "credentials.json"


def test_login_saves_the_token_for_its_owner_alone(cli, host, credentials):
    """E-mail and password go out by Basic once; the token stays in a file with mode 0600."""
    host.on("POST", "/oauth/authorizations", AUTHORIZATION, status=201)
    host.on("GET", "/account", {"email": "ada@example.com"})
    cli.password = "pass:word"

    result = cli("login", "--no-color", stdin="ada@example.com\n", tty=True)

    assert (result.status, result.out) == (0, "")
    assert result.err == ("E-mail: Logging in... done\nLogged in as ada@example.com at http://127.0.0.1:8081.\n")
    sent = host.requests[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"ada@example.com:pass:word"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert stat.S_IMODE(credentials.parent.stat().st_mode) == 0o700
    assert cli("whoami").out == "ada@example.com\n"
    assert host.requests[-1].headers["Authorization"] == "Bearer new-token"


def test_login_without_a_terminal_reads_the_password_as_a_line(cli, host, credentials):
    """For scripts: --email, and the password on standard input."""
    host.on("POST", "/oauth/authorizations", AUTHORIZATION, status=201)

    result = cli("login", "--email", "ada@example.com", stdin="secret\n")

    assert result.status == 0
    sent = host.requests[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"ada@example.com:secret"


def test_a_refused_login_prints_the_apis_sentence_and_saves_nothing(cli, host, credentials):
    """Wrong password."""
    body = {"id": "unauthorized", "message": "The e-mail address or the password is wrong."}
    host.on("POST", "/oauth/authorizations", body, status=401)

    result = cli("login", "-e", "ada@example.com", stdin="wrong\n")

    assert result.status == 1
    assert result.err == "Logging in... !\n ›   Error: The e-mail address or the password is wrong.\n"
    assert not credentials.exists()


def test_a_login_elsewhere_makes_that_the_default(cli, host, credentials):
    """--api-url: later commands go there without NOMAPAAS_API_URL."""
    host.on("POST", "/oauth/authorizations", AUTHORIZATION, status=201)
    host.on("GET", "/account", {"email": "ada@example.com"})

    cli("login", "--api-url", "https://paas.example.com/", "-e", "ada@example.com", stdin="secret\n")
    cli("whoami")

    assert str(host.requests[-1].url) == "https://paas.example.com/account"


def test_a_login_over_plain_http_to_another_machine_warns(cli, host, credentials):
    """The password could be read on the way."""
    host.on("POST", "/oauth/authorizations", AUTHORIZATION, status=201)

    result = cli("login", "--api-url", "http://paas.example.com", "-e", "ada@example.com", stdin="secret\n")

    assert " ›   Warning: The connection to http://paas.example.com is not encrypted" in result.err


def test_login_warns_when_a_variable_goes_before_it(cli, host, credentials):
    """NOMAPAAS_API_KEY would win over the new login."""
    cli.variables["NOMAPAAS_API_KEY"] = "other"
    host.on("POST", "/oauth/authorizations", AUTHORIZATION, status=201)

    result = cli("login", "-e", "ada@example.com", stdin="secret\n")

    assert "NOMAPAAS_API_KEY is set and goes before this login." in result.err


def test_logout_ends_the_authorization_and_forgets_it(cli, host, credentials):
    """The token is made worthless at the API, too."""
    host.on("POST", "/oauth/authorizations", AUTHORIZATION, status=201)
    host.on("DELETE", "/oauth/authorizations/auth-1", AUTHORIZATION)
    cli("login", "-e", "ada@example.com", stdin="secret\n")

    result = cli("logout")

    assert (result.status, result.err) == (0, "Logging out... done\n")
    assert json.loads(credentials.read_text())["logins"] == {}
    assert cli("logout").err == "You were not logged in at http://127.0.0.1:8081.\n"


def test_whoami_exits_with_100_when_nobody_is_logged_in(cli, host, credentials):
    """Scripts can tell it from other failures."""
    result = cli("whoami")

    assert (result.status, result.out) == (100, "")
    assert result.err == ' ›   Error: You are not logged in. Run "nomapaas login", or set NOMAPAAS_API_KEY.\n'
    assert cli("auth:token").status == 100


def test_whoami_exits_with_100_when_the_token_is_worthless(cli, host):
    """The API's 401 counts as not logged in."""
    host.on("GET", "/account", {"id": "unauthorized", "message": "Invalid credentials provided."}, status=401)

    result = cli("whoami")

    assert result.status == 100
    assert (
        result.err
        == " ›   Error: Invalid credentials provided. The token that was sent is the one in NOMAPAAS_API_KEY.\n"
    )


def test_other_commands_exit_with_1_when_nobody_is_logged_in(cli, host, credentials):
    """No request is made without a token."""
    assert cli("apps").status == 1
    assert host.requests == []


def test_token_prints_the_token(cli):
    """For scripts that talk to the API themselves."""
    assert cli("auth:token").out == "secret-token\n"


def test_whoami_json(cli, host):
    """--json gives the account as the API does."""
    host.on("GET", "/account", {"email": "ada@example.com", "id": "u1"})

    assert json.loads(cli("whoami", "--json").out) == {"email": "ada@example.com", "id": "u1"}


def test_a_broken_credentials_file_is_named(cli, host, credentials):
    """Which file, and what to do."""
    credentials.parent.mkdir(parents=True)
    credentials.write_text("{")

    result = cli("apps")

    assert result.status == 1
    assert f" ›   Error: {credentials} cannot be read" in result.err


def test_xdg_config_home_moves_the_file(cli, host, credentials, tmp_path):
    """The usual variable of the desktop."""
    cli.variables["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    host.on("POST", "/oauth/authorizations", AUTHORIZATION, status=201)

    cli("login", "-e", "ada@example.com", stdin="secret\n")

    assert (tmp_path / "xdg" / "nomapaas" / "credentials.json").exists()
