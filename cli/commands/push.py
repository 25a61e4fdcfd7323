"""push: source → upload → build → release → URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from cli.app_choice import NO_APP
from cli.archive import Archive, packed, unpacked_size
from cli.build_watch import await_build
from cli.command import app_options, command, json_option
from cli.commands.apps import add_remote, create_app
from cli.errors import APIError, CLIError, WorkGoesOnError
from cli.paths import api_path
from cli.release_watch import WAIT, await_release
from cli.session import Session
from cli.source_tree import SourceTree, source_tree
from cli.text import parse_time, plural, size
from cli.upload_progress import UploadProgress

WORTH_A_WORD = 20_000_000
"""Bytes that take more than a moment to pack."""


@dataclass
class _Progress:
    """What the server has begun, for whoever presses ^C."""

    app: str = ""
    build_id: str | None = None
    release_id: str | None = None

    def goes_on(self) -> str:
        """What a ^C leaves behind."""
        if self.release_id:
            return (
                "The release goes on on the server. "
                f'"nomapaas releases --app {self.app}" shows it, "nomapaas rollback --app {self.app}" goes back.'
            )
        if self.build_id:
            return (
                f'The build goes on on the server. "nomapaas builds:output {self.build_id} --app {self.app}" shows it, '
                f'"nomapaas builds:cancel {self.build_id} --app {self.app}" stops it.'
            )
        return "Nothing was built: the push stopped before its upload was done."


@command("push")
@app_options
@click.option("-d", "--dir", "folder", metavar="FOLDER", help="Send this folder (else the git work tree, else here).")
@click.option("--create", metavar="NAME", help="Push to the app NAME, and create it first if there is none.")
@click.option("--source-version", metavar="TEXT", help="What the build calls this source (else git's commit).")
@click.option("--detach", is_flag=True, help="Start the build and do not wait for it.")
@click.option("--wait-timeout", metavar="SECONDS", default=WAIT, help="How long the boot may take (600).")
@json_option
def push(
    session: Session,
    *,
    app: str | None,
    remote: str | None,
    folder: str | None,
    create: str | None,
    source_version: str | None,
    detach: bool,
    wait_timeout: float,
    as_json: bool,
) -> None:
    """Build the source in this folder and put it on the air; ends with the app's URL.

    Uncommitted files are sent, too. Left out are what git ignores, what .slugignore names, and .env.
    """
    progress = _Progress()
    try:
        found, name = _target(session, app=app, remote=remote, create=create)
        tree = source_tree(session.env.cwd, folder)
        for warning in tree.warnings:
            session.console.warn(warning)
        if (size_of_all := unpacked_size(tree)) > WORTH_A_WORD:
            session.console.note(f"Packing {plural(len(tree.files), 'file')} ({size(size_of_all)})...")
        with packed(tree) as archive:
            if found is None:
                found = create_app(session, name=name)
                add_remote(session, found["name"])
            progress.app = found["name"]
            version = source_version or tree.version
            build = _start_build(session, found["name"], tree, archive, version=version)
        progress.build_id = build["id"]
        if detach:
            session.console.note(f"Build {build['id']} goes on on the server.")
            result = {"app": found, "build": build, "release": None}
        else:
            build = await_build(session, found["name"], build)
            release = _await_release(session, found["name"], build, progress, timeout=wait_timeout)
            result = {"app": found, "build": build, "release": release}
    except KeyboardInterrupt:
        raise WorkGoesOnError(progress.goes_on()) from None
    if as_json:
        session.console.json(result)
    else:
        session.console.out(build["id"] if detach else found["web_url"])


def _target(
    session: Session, *, app: str | None, remote: str | None, create: str | None
) -> tuple[dict[str, Any] | None, str | None]:
    """The app to push to; or None, and the name to create one with once there is something to push."""
    if create:
        try:
            return session.client.get(api_path("apps", create)), create
        except APIError as error:
            if error.status != 404:
                raise
            return None, create
    name = session.find_app(app, remote)
    if name:
        return session.client.get(api_path("apps", name)), name
    if not session.env.interactive:
        raise CLIError(f"{NO_APP} Or push with --create NAME.")
    session.console.note("No app is chosen, so a new one is made (^C stops).")
    return None, session.console.ask("Name, or nothing for one that is made up: ") or None


def _start_build(
    session: Session, app: str, tree: SourceTree, archive: Archive, *, version: str | None
) -> dict[str, Any]:
    client, console = session.client, session.console
    blob = client.post("/sources")["source_blob"]
    words = f"Uploading {plural(len(tree.files), 'file')} ({size(archive.size)}) to {console.app(app)}"
    with UploadProgress(console, words, archive.size) as upload:
        client.transfers.upload(blob["put_url"], archive.file, length=archive.size, progress=upload.sent)
    source = {"url": blob["get_url"], "checksum": archive.checksum, "version": version}
    build: dict[str, Any] = client.post(api_path("apps", app, "builds"), {"source_blob": source})
    return build


def _await_release(
    session: Session, app: str, build: dict[str, Any], progress: _Progress, *, timeout: float
) -> dict[str, Any]:
    console = session.console
    if not build.get("release"):
        raise CLIError(f'The build made no release. "nomapaas releases --app {app}" lists those that there are.')
    progress.release_id = build["release"]["id"]
    release = await_release(session, app, build["release"]["id"], timeout=timeout)
    name = f"v{release['version']}"
    if parse_time(release["created_at"]) < parse_time(build["created_at"]):
        console.note(f"No change: {name} runs this source already.")
    else:
        console.note(f"       Released {name}")
    return release


COMMANDS = [push]
