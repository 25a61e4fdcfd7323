"""certs, certs:add, certs:update, certs:remove, certs:info, certs:generate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.certificate_request import make_request, make_self_signed, new_key, pem_of
from cli.command import app_command, confirm_option, json_option
from cli.commands.apps import confirm_by_name
from cli.errors import CLIError
from cli.paths import api_path
from cli.session import Session
from cli.text import ago


def name_option(function: Any) -> Any:
    """`--name`."""
    return click.option("--name", metavar="NAME", help="The certificate, where an app has several.")(function)


@app_command("certs")
@json_option
def certs(session: Session, app: str, *, as_json: bool) -> None:
    """List an app's certificates."""
    found = session.client.list(_path(app))
    if as_json:
        session.console.json(found)
        return
    if not found:
        session.console.note(f"{session.console.app(app)} has no certificates. Bring one: nomapaas certs:add CRT KEY.")
        return
    rows = [
        (each["name"], ", ".join(each["ssl_cert"]["cert_domains"]), each["ssl_cert"]["expires_at"], _kind(each))
        for each in found
    ]
    session.console.table(("Name", "Common Name(s)", "Expires", "Type"), rows)


@app_command("certs:add")
@click.argument("certificate", type=click.Path(path_type=Path), metavar="CRT")
@click.argument("key", type=click.Path(path_type=Path), metavar="KEY")
@json_option
def add(session: Session, app: str, *, certificate: Path, key: Path, as_json: bool) -> None:
    """Bring a certificate: CRT is its chain as PEM, KEY its private key."""
    body = _pair(certificate, key)
    with session.console.action(f"Adding a certificate to {session.console.app(app)}"):
        made = session.client.post(_path(app), body)
    _tell(session, app, made, as_json=as_json)


@app_command("certs:update")
@click.argument("certificate", type=click.Path(path_type=Path), metavar="CRT")
@click.argument("key", type=click.Path(path_type=Path), metavar="KEY")
@name_option
@confirm_option
@json_option
def update(
    session: Session, app: str, *, certificate: Path, key: Path, name: str | None, confirm: str | None, as_json: bool
) -> None:
    """Put another certificate and key in the place of one."""
    body = _pair(certificate, key)
    chosen = _choose(session, app, name)
    confirm_by_name(session, app, confirm, f"replace the certificate {chosen} of ⬢ {app}")
    with session.console.action(f"Updating the certificate {chosen} of {session.console.app(app)}"):
        made = session.client.patch(_path(app, chosen), body)
    _tell(session, app, made, as_json=as_json)


@app_command("certs:remove")
@name_option
@confirm_option
def remove(session: Session, app: str, *, name: str | None, confirm: str | None) -> None:
    """Show a certificate no more, and forget its key."""
    chosen = _choose(session, app, name)
    confirm_by_name(session, app, confirm, f"remove the certificate {chosen} of ⬢ {app}")
    with session.console.action(f"Removing the certificate {chosen} from {session.console.app(app)}"):
        session.client.delete(_path(app, chosen))


@app_command("certs:info")
@name_option
@json_option
def info(session: Session, app: str, *, name: str | None, as_json: bool) -> None:
    """Show a certificate."""
    found = session.client.get(_path(app, _choose(session, app, name)))
    _tell(session, app, found, as_json=as_json)


@app_command("certs:generate")
@click.argument("domain")
@click.option("--selfsigned", is_flag=True, help="Make a certificate that nobody trusts instead of a request.")
@click.option("--now", "at_once", is_flag=True, help="Add the self-signed certificate to the app.")
def generate(session: Session, app: str, *, domain: str, selfsigned: bool, at_once: bool) -> None:
    """Make a key and a certificate request for a domain, in this folder."""
    if at_once and not selfsigned:
        raise click.UsageError("Only a certificate can be added: give --selfsigned with --now.")
    key = new_key()
    stem = domain.replace("*", "_wildcard").replace("/", "_")
    made = make_self_signed(domain, key) if selfsigned else make_request(domain, key)
    paths = [Path(f"{stem}.key"), Path(f"{stem}.{'crt' if selfsigned else 'csr'}")]
    if found := next((path for path in paths if path.exists()), None):
        raise CLIError(f"{found} exists already, and a key may be lost for good; move it away first.")
    paths[0].touch(mode=0o600)
    paths[0].write_text(pem_of(key))
    paths[1].write_text(made)
    session.console.out("\n".join(map(str, paths)))
    if at_once:
        with session.console.action(f"Adding a certificate to {session.console.app(app)}"):
            session.client.post(_path(app), {"certificate_chain": made, "private_key": pem_of(key)})
    elif not selfsigned:
        session.console.note(
            f"Send {paths[1]} to a certificate authority, then: nomapaas certs:add CRT {paths[0]} --app {app}"
        )


def _path(app: str, *more: str) -> str:
    return api_path("apps", app, "sni-endpoints", *more)


def _pair(certificate: Path, key: Path) -> dict[str, str]:
    try:
        return {"certificate_chain": certificate.read_text(), "private_key": key.read_text()}
    except (OSError, UnicodeDecodeError) as error:
        raise CLIError(f"{getattr(error, 'filename', None) or 'The file'} cannot be read as PEM ({error}).") from error


def _choose(session: Session, app: str, name: str | None) -> str:
    if name:
        return name
    found = [each["name"] for each in session.client.list(_path(app))]
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise CLIError(f"{app} has no certificates. Bring one: nomapaas certs:add CRT KEY.")
    raise CLIError(f"{app} has several certificates; choose one by --name: {', '.join(found)}.")


def _kind(endpoint: dict[str, Any]) -> str:
    if endpoint["ssl_cert"].get("acm"):
        return "automatic"
    return "self-signed" if endpoint["ssl_cert"]["self_signed?"] else "brought"


def _tell(session: Session, app: str, endpoint: dict[str, Any], *, as_json: bool) -> None:
    console, cert = session.console, endpoint["ssl_cert"]
    if as_json:
        console.json(endpoint)
        return
    now = session.env.now()
    domains = session.client.list(api_path("apps", app, "domains"))
    shown = [each["hostname"] for each in domains if (each.get("sni_endpoint") or {}).get("id") == endpoint["id"]]
    console.header(endpoint["name"])
    console.fields(
        {
            "Common Name(s)": ", ".join(cert["cert_domains"]),
            "Domain(s)": ", ".join(shown) or "none: add one with nomapaas domains:add",
            "Expires At": cert["expires_at"],
            "Issuer": cert["issuer"],
            "Starts At": cert["starts_at"],
            "Subject": cert["subject"],
            "Type": _kind(endpoint),
            "Updated": ago(endpoint["updated_at"], now),
        }
    )


COMMANDS = [certs, add, update, remove, info, generate]
