"""domains."""

from __future__ import annotations

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session


@app_command("domains")
@json_option
def domains(session: Session, app: str, *, as_json: bool) -> None:
    """List an app's host names."""
    found = session.client.list(api_path("apps", app, "domains"))
    console = session.console
    if as_json:
        console.json(found)
        return
    own = [domain["hostname"] for domain in found if domain.get("kind") == "custom"]
    console.header(f"{app} Domain")
    for domain in found:
        if domain.get("kind") != "custom":
            console.out(domain["hostname"])
    if own:
        console.out()
        console.header(f"{app} Custom Domains")
        for name in sorted(own):
            console.out(name)


COMMANDS = [domains]
