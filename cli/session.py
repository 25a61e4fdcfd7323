"""What a command works with: the environment, the console, and the API once it is needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cli.credentials import CredentialStore, Login
from cli.env import DEFAULT_API_URL, Environment
from cli.errors import CLIError
from cli.output import Console

if TYPE_CHECKING:
    from cli.api_client import APIClient
    from cli.git import Git


class Session:
    """One run of the CLI."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.console = Console(env)
        self.credentials = CredentialStore(env.config_dir)
        self.global_app: str | None = None
        """`nomapaas --app NAME command`."""

    @cached_property
    def api_url(self) -> str:
        """NOMAPAAS_API_URL, where the last login was, or this machine."""
        named = self.env.variables.get("NOMAPAAS_API_URL", "").strip()
        return checked_url(named or self.credentials.default_url() or DEFAULT_API_URL)

    @cached_property
    def login(self) -> Login | None:
        """The saved login at this API."""
        return self.credentials.find(self.api_url)

    @cached_property
    def client(self) -> APIClient:
        """The control API. Making it loads the HTTP library, so nothing does that early."""
        return self.client_at(self.api_url)

    def client_at(self, api_url: str) -> APIClient:
        """The control API somewhere else: for a login there."""
        from cli.api_client import APIClient  # noqa: PLC0415 - 120 ms that --help and usage errors need not pay

        token = self.env.variables.get("NOMAPAAS_API_KEY", "").strip() or (self.login.token if self.login else None)
        return APIClient(env=self.env, console=self.console, base_url=api_url, token=token)

    @property
    def git(self) -> Git:
        """Git, around the current folder."""
        from cli.git import Git  # noqa: PLC0415 - few commands ask git

        return Git(self.env.cwd)

    def find_app(self, app: str | None, remote: str | None = None) -> str | None:
        """The chosen app's name, or None."""
        from cli.app_choice import chosen_app  # noqa: PLC0415 - as above

        return chosen_app(self.env, api_url=self.api_url, app=app or self.global_app, remote=remote)

    def app(self, app: str | None, remote: str | None = None) -> str:
        """The chosen app's name; an error when nothing chooses one."""
        from cli.app_choice import NO_APP  # noqa: PLC0415 - as above

        found = self.find_app(app, remote)
        if found is None:
            raise CLIError(NO_APP)
        return found


def checked_url(url: str) -> str:
    """An API's address without a slash at its end, if it is one."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CLIError(f"{url} is no address of a control API. It looks like http://127.0.0.1:8081.")
    return url.rstrip("/")
