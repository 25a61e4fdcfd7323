"""domains, domains:add, domains:info, domains:update, domains:remove, domains:clear, domains:wait."""

from __future__ import annotations

from typing import Any

import click

from cli.command import app_command, json_option
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session

_INTERVAL = 1.0
_PATIENCE = 300


@app_command("domains")
@json_option
def domains(session: Session, app: str, *, as_json: bool) -> None:
    """List an app's host names."""
    found = session.client.list(api_path("apps", app, "domains"))
    console = session.console
    if as_json:
        console.json(found)
        return
    console.header(f"{app} Domain")
    for domain in found:
        if domain.get("kind") != "custom":
            console.out(domain["hostname"])
    own = sorted((domain for domain in found if domain.get("kind") == "custom"), key=lambda each: each["hostname"])
    if own:
        console.out()
        console.header(f"{app} Custom Domains")
        rows = [(each["hostname"], each["cname"] or "", _certificate(each), each["status"]) for each in own]
        console.table(("Domain Name", "DNS Target", "SNI Endpoint", "Status"), rows)


@app_command("domains:add")
@click.argument("hostname")
@click.option("-w", "--wait", "waits", is_flag=True, help="Wait until the router answers for it.")
@json_option
def add(session: Session, app: str, *, hostname: str, waits: bool, as_json: bool) -> None:
    """Let an app answer for a name: www.example.com, or *.example.com for every name below example.com."""
    with session.console.action(f"Adding {hostname} to {session.console.app(app)}"):
        made = session.client.post(api_path("apps", app, "domains"), {"hostname": hostname, "sni_endpoint": None})
    if waits:
        made = _wait_for(session, app, made["hostname"])
    if as_json:
        session.console.json(made)
        return
    session.console.note(f"Point {made['hostname']} at {made['cname']} in your DNS.")


@app_command("domains:info")
@click.argument("hostname")
@json_option
def info(session: Session, app: str, *, hostname: str, as_json: bool) -> None:
    """Show one of an app's host names."""
    found = session.client.get(api_path("apps", app, "domains", hostname))
    if as_json:
        session.console.json(found)
        return
    session.console.header(found["hostname"])
    fields = {
        "App": app,
        "DNS Target": found["cname"],
        "Kind": found["kind"],
        "SNI Endpoint": _certificate(found),
        "Certificate": found.get("acm_status"),
        "Reason": found.get("acm_status_reason"),
        "Status": found["status"],
    }
    session.console.fields({key: value for key, value in fields.items() if value})


@app_command("domains:update")
@click.argument("hostname")
@click.option("--cert", metavar="NAME", required=True, help="The certificate to show for it.")
def update(session: Session, app: str, *, hostname: str, cert: str) -> None:
    """Choose the certificate that is shown for a name."""
    with session.console.action(f"Showing {cert} for {hostname} of {session.console.app(app)}"):
        session.client.patch(api_path("apps", app, "domains", hostname), {"sni_endpoint": cert})


@app_command("domains:remove")
@click.argument("hostname")
def remove(session: Session, app: str, *, hostname: str) -> None:
    """Let an app no longer answer for a name."""
    with session.console.action(f"Removing {hostname} from {session.console.app(app)}"):
        session.client.delete(api_path("apps", app, "domains", hostname))


@app_command("domains:clear")
def clear(session: Session, app: str) -> None:
    """Remove all names of an app but its own."""
    found = session.client.list(api_path("apps", app, "domains"))
    own = [domain["hostname"] for domain in found if domain.get("kind") == "custom"]
    with session.console.action(f"Removing all domains from {session.console.app(app)}") as step:
        for hostname in own:
            session.client.delete(api_path("apps", app, "domains", hostname))
        step.status = f"done, {len(own)} removed"


@app_command("domains:wait")
@click.argument("hostname", required=False)
@click.option("--timeout", type=click.FloatRange(1, 86_400), default=_PATIENCE, help="Seconds until it gives up (300).")
def wait(session: Session, app: str, *, hostname: str | None, timeout: float) -> None:
    """Wait until the router answers for a name, or for all names of an app."""
    if hostname:
        _wait_for(session, app, hostname, timeout=timeout)
        return
    for domain in session.client.list(api_path("apps", app, "domains")):
        if domain["status"] == "pending":
            _wait_for(session, app, domain["hostname"], timeout=timeout)


def _wait_for(session: Session, app: str, hostname: str, *, timeout: float = _PATIENCE) -> dict[str, Any]:
    started = session.env.monotonic()
    with session.console.action(f"Waiting for {hostname}"):
        while True:
            found: dict[str, Any] = session.client.get(api_path("apps", app, "domains", hostname), patient=True)
            if found["status"] != "pending":
                return found
            if session.env.monotonic() - started > timeout:
                raise CLIError(
                    f"The router does not answer for {hostname} after {timeout:.0f} s; see nomapaas ps --app {app}."
                )
            session.env.sleep(_INTERVAL)


def _certificate(domain: dict[str, Any]) -> str:
    return (domain.get("sni_endpoint") or {}).get("name") or ""


COMMANDS = [domains, add, info, update, remove, clear, wait]
