"""apps, create, info, open, rename, destroy."""

from __future__ import annotations

from typing import Any

import click

from cli.app_choice import REMOTE, app_of_remote, remote_url
from cli.command import app_command, app_options, command, confirm_option, json_option
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session
from cli.text import ago, size


@command("apps")
@json_option
def apps(session: Session, *, as_json: bool) -> None:
    """List your apps."""
    found = session.client.list("/apps")
    console = session.console
    if as_json:
        console.json(found)
        return
    if not found:
        console.note("You have no apps. Make one: nomapaas create.")
        return
    console.header("Apps")
    for app in sorted(found, key=lambda app: app["name"]):
        mark = " (maintenance)" if app.get("maintenance") else ""
        console.out(app["name"] + mark)


@command("create")
@click.argument("name", required=False)
@click.option("-a", "--app", metavar="NAME", help="The name, as NAME is.")
@click.option("--stack", metavar="STACK", help="The stack, instead of the default one.")
@click.option("-r", "--remote", metavar="NAME", default=REMOTE, show_default=True, help="The git remote to make.")
@click.option("--no-remote", is_flag=True, help="Make no git remote.")
@json_option
def create(
    session: Session,
    *,
    name: str | None,
    app: str | None,
    stack: str | None,
    remote: str,
    no_remote: bool,
    as_json: bool,
) -> None:
    """Create an app; without NAME it gets one.

    Inside a git repository the app becomes the git remote "nomapaas", so that commands there need no --app.
    """
    if name == "" or app == "":
        raise click.UsageError("The app's name is empty. Give one, or leave it out for one that is made up.")
    made = create_app(session, name=name or app or session.global_app, stack=stack)
    if as_json:
        session.console.json(made)
    else:
        session.console.out(f"{made['web_url']} | {made['git_url']}")
    if not no_remote:
        add_remote(session, made["name"], remote=remote)


def create_app(session: Session, *, name: str | None, stack: str | None = None) -> dict[str, Any]:
    """Make an app at the API, and say so."""
    body = {key: value for key, value in (("name", name), ("stack", stack)) if value}
    words = f"Creating {session.console.app(name)}" if name else "Creating app"
    with session.console.action(words) as step:
        made: dict[str, Any] = session.client.post("/apps", body)
        stack_name = (made.get("stack") or {}).get("name")
        step.status = ", ".join(
            filter(None, ["done", None if name else made["name"], stack_name and f"stack is {stack_name}"])
        )
    return made


def add_remote(session: Session, app: str, *, remote: str = REMOTE) -> None:
    """Let git remember the app, where there is a repository. A remote of another app stays as it is."""
    git = session.git
    if git.root() is None:
        session.console.note(f"This folder is in no git repository: give --app {app}, or set NOMAPAAS_APP={app}.")
        return
    there = git.remotes().get(remote)
    url = remote_url(session.api_url, app)
    if there and there != url:
        session.console.warn(
            f"The git remote {remote} is {there} already and stays so: give --app {app}, "
            f'or "git remote set-url {remote} {url}".'
        )
        return
    if not there:
        git.set_remote(remote, url)
        session.console.note(f"Git remote {remote} added.")


@app_command("info")
@json_option
def info(session: Session, app: str, *, as_json: bool) -> None:
    """Show an app."""
    found = session.client.get(api_path("apps", app))
    formation = session.client.list(api_path("apps", app, "formation"))
    dynos = session.client.list(api_path("apps", app, "dynos"))
    console = session.console
    if as_json:
        console.json({"app": found, "formation": formation, "dynos": dynos})
        return
    running = {kind: sum(1 for d in dynos if d["type"] == kind) for kind in sorted({d["type"] for d in dynos})}
    now = session.env.now()
    fields = {
        "Asleep": ago(found["asleep_since"], now) if found.get("asleep_since") else None,
        "Dynos": ", ".join(f"{kind}: {count}" for kind, count in running.items()),
        "Formation": " ".join(f"{f['type']}={f['quantity']}:{f['size']}" for f in formation),
        "Git URL": found.get("git_url"),
        "Maintenance": "on" if found.get("maintenance") else None,
        "Owner": (found.get("owner") or {}).get("email"),
        "Region": (found.get("region") or {}).get("name"),
        "Slug Size": size(found["slug_size"]) if found.get("slug_size") else None,
        "Stack": (found.get("stack") or {}).get("name"),
        "Created": ago(found["created_at"], now) if found.get("created_at") else None,
        "Released": ago(found["released_at"], now) if found.get("released_at") else "never (nomapaas push)",
        "Web URL": found.get("web_url"),
    }
    console.header(found["name"])
    console.fields({key: value for key, value in fields.items() if value})


@app_command("open")
@click.argument("where", required=False, metavar="[PATH]")
def open_(session: Session, app: str, *, where: str | None) -> None:
    """Open an app, or a path of it, in the browser."""
    url = session.client.get(api_path("apps", app))["web_url"].rstrip("/") + "/" + (where or "").lstrip("/")
    with session.console.action(f"Opening {session.console.app(app)}") as step:
        opened = session.env.open_browser(url)
        if not opened:
            step.status = "there is no browser here"
    if not opened:
        session.console.out(url)


@app_command("rename")
@click.argument("new_name", metavar="NEWNAME")
def rename(session: Session, app: str, *, new_name: str) -> None:
    """Give an app another name; its URL changes with it."""
    old = session.client.get(api_path("apps", app))["name"]
    with session.console.action(f"Renaming {session.console.app(old)} to {new_name}"):
        renamed = session.client.patch(api_path("apps", app), {"name": new_name})
    session.console.out(f"{renamed['web_url']} | {renamed['git_url']}")
    for remote in _remotes_of(session, old):
        session.git.set_remote(remote, remote_url(session.api_url, renamed["name"]))
        session.console.note(f"Git remote {remote} updated.")


@command("destroy")
@click.argument("name", required=False)
@app_options
@confirm_option
def destroy(session: Session, *, name: str | None, app: str | None, remote: str | None, confirm: str | None) -> None:
    """Destroy an app and all that belongs to it."""
    chosen = session.client.get(api_path("apps", session.app(name or app, remote)))["name"]
    confirm_by_name(session, chosen, confirm, f"destroy ⬢ {chosen} with its releases, config vars and logs")
    with session.console.action(f"Destroying {session.console.app(chosen)}"):
        session.client.delete(api_path("apps", chosen))
    for found in _remotes_of(session, chosen):
        session.git.remove_remote(found)
        session.console.note(f"Git remote {found} removed.")


def confirm_by_name(session: Session, app: str, confirm: str | None, what: str) -> None:
    """Go on only when the app's name was given, by --confirm or typed at a terminal."""
    given = confirm
    if given is None:
        if not session.env.interactive:
            raise CLIError(f"This would {what}. To do so without a terminal, add --confirm {app}.")
        session.console.warn(f"This will {what}.\nTo go on, type {app}, or use --confirm {app}.")
        given = session.console.ask("> ")
    if not given:
        raise CLIError(f"{app} was not typed, so nothing was changed.")
    if given != app:
        raise CLIError(f"{given} is not the name of the app, {app}. Nothing was changed.")


def _remotes_of(session: Session, app: str) -> list[str]:
    git = session.git
    if git.root() is None:
        return []
    return [name for name, url in git.remotes().items() if app_of_remote(url, session.api_url) == app]


COMMANDS = [apps, create, info, open_, rename, destroy]
