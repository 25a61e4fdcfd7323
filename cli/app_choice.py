"""Which app a command is about: --app, NOMAPAAS_APP, the git remote; in that order."""

from __future__ import annotations

from urllib.parse import urlsplit

from cli.env import Environment
from cli.errors import CLIError
from cli.git import Git

REMOTE = "nomapaas"
_LOOPBACK = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}

NO_APP = (
    "No app is chosen. Name one with --app NAME or in NOMAPAAS_APP, or make one here: nomapaas create. "
    '"nomapaas apps" lists yours.'
)


def remote_url(api_url: str, app: str) -> str:
    """The address that stands for an app among git's remotes."""
    return f"{api_url}/{app}.git"


def chosen_app(env: Environment, *, api_url: str, app: str | None, remote: str | None) -> str | None:
    """The app's name; None when nothing chooses one."""
    if app:
        return app
    if remote is None and (named := env.variables.get("NOMAPAAS_APP", "").strip()):
        return named
    git = Git(env.cwd)
    if git.root() is None:
        if remote:
            raise CLIError(f"There is no git remote {remote}, for this folder is in no git repository. Use --app NAME.")
        return None
    remotes = git.remotes()
    name = remote or (REMOTE if REMOTE in remotes else None)
    if name is None:
        return _only_one(remotes, api_url)
    if name not in remotes:
        raise CLIError(f'There is no git remote {name}. "git remote -v" lists those that there are.')
    found = app_of_remote(remotes[name], api_url)
    if found is None:
        raise CLIError(
            f"The git remote {name} ({_without_password(remotes[name])}) is no app at {api_url}. "
            "Use --app NAME, or set NOMAPAAS_API_URL to the platform that the remote belongs to."
        )
    return found


def app_of_remote(url: str, api_url: str) -> str | None:
    """The app that a remote's address stands for, if it is one of this platform's."""
    there, here = urlsplit(url), urlsplit(api_url)
    try:
        same = (there.scheme, _host(there.hostname), there.port) == (here.scheme, _host(here.hostname), here.port)
    except ValueError:
        return None
    prefix = here.path.rstrip("/") + "/"
    name = there.path.removeprefix(prefix).removesuffix(".git")
    if not same or not there.path.startswith(prefix) or not there.path.endswith(".git") or "/" in name:
        return None
    return name or None


def _only_one(remotes: dict[str, str], api_url: str) -> str | None:
    apps = {name: app for name, url in remotes.items() if (app := app_of_remote(url, api_url))}
    if len(set(apps.values())) > 1:
        choices = "\n".join(f"  --app {app}  or  --remote {name}" for name, app in sorted(apps.items()))
        raise CLIError(f"Several git remotes are apps. Choose one:\n{choices}")
    return next(iter(apps.values()), None)


def is_loopback(name: str | None) -> bool:
    """Whether a host name means this machine."""
    return _host(name).startswith("127.") or (name or "").endswith(".localhost")


def _host(name: str | None) -> str:
    return _LOOPBACK.get(name or "", name or "")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
