"""login, logout, whoami, auth:token."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from cli.app_choice import is_loopback
from cli.command import command, json_option
from cli.credentials import Login
from cli.errors import APIError, CLIError, NotLoggedInError
from cli.exit_status import ExitStatus
from cli.paths import api_path
from cli.session import Session, checked_url


@command("login")
@click.option("-i", "--interactive", is_flag=True, help="Ask for e-mail and password (which it always does).")
@click.option("-e", "--email", metavar="ADDRESS", help="The e-mail address, instead of asking for it.")
@click.option("--api-url", metavar="URL", help="The control API to log in at; later commands go there too.")
def login(session: Session, *, interactive: bool, email: str | None, api_url: str | None) -> None:
    """Log in with e-mail and password, and keep the token.

    Without a terminal the password is the next line of standard input.
    """
    del interactive
    console, env = session.console, session.env
    url = checked_url(api_url) if api_url else session.api_url
    if urlsplit(url).scheme == "http" and not is_loopback(urlsplit(url).hostname):
        console.warn(f"The connection to {url} is not encrypted: others on the way can read your password.")
    email = email or console.ask("E-mail: " if env.interactive else "")
    password = env.ask_hidden("Password: ") if env.interactive else env.stdin.readline().rstrip("\r\n")
    if not email or not password:
        raise CLIError("A login needs an e-mail address and a password.")
    with console.action("Logging in"):
        authorization = session.client_at(url).login(email=email, password=password)
    try:
        token = authorization["access_token"]["token"]
    except (KeyError, TypeError) as error:
        raise CLIError(f"{url} gave no token. Check NOMAPAAS_API_URL.") from error
    user = authorization.get("user") or {}
    saved = Login(url, user.get("email") or email, token, authorization.get("id") or "")
    session.credentials.save(saved)
    console.note(f"Logged in as {saved.email} at {url}.")
    if env.variables.get("NOMAPAAS_API_KEY"):
        console.warn("NOMAPAAS_API_KEY is set and goes before this login. Unset it to use the login.")
    if (named := env.variables.get("NOMAPAAS_API_URL")) and checked_url(named) != url:
        console.warn(f"NOMAPAAS_API_URL is set, so commands go to {named}. Unset it to use this login.")


@command("logout")
def logout(session: Session) -> None:
    """Forget the login of this machine, and make its token worthless."""
    saved = session.login
    if saved is None:
        session.console.note(f"You were not logged in at {session.api_url}.")
        return
    with session.console.action("Logging out"):
        try:
            if saved.authorization_id:
                session.client.delete(api_path("oauth", "authorizations", saved.authorization_id))
        except APIError as error:
            if error.status not in (401, 404):
                raise
        finally:
            session.credentials.forget(saved.api_url)


@command("whoami")
@json_option
def whoami(session: Session, *, as_json: bool) -> None:
    """Show who is logged in; exit with 100 when nobody is."""
    try:
        account = session.client.get("/account")
    except NotLoggedInError as error:
        raise CLIError(error.message, exit_status=ExitStatus.NOT_LOGGED_IN) from error
    except APIError as error:
        if error.status == 401:
            raise CLIError(error.message, exit_status=ExitStatus.NOT_LOGGED_IN) from error
        raise
    if as_json:
        session.console.json(account)
    else:
        session.console.out(account["email"])


@command("auth:token")
def token(session: Session) -> None:
    """Print the API token in use, for scripts."""
    found = session.env.variables.get("NOMAPAAS_API_KEY") or (session.login.token if session.login else None)
    if not found:
        raise CLIError('You are not logged in. Run "nomapaas login".', exit_status=ExitStatus.NOT_LOGGED_IN)
    session.console.out(found)


COMMANDS = [login, logout, whoami, token]
