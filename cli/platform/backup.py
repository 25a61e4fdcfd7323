"""`nomapaas backup` and `restore`: everything that the platform keeps, in one file and back.

The control plane's own program reads and writes the state, Vault and MinIO, as its own unix user; root's part are the
file and the secrets in HOME.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from cli.platform import credentials, files
from cli.platform.control_process import control_process
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.progress import Step, step
from cli.platform.up import only_one, require_root, up
from cli.platform.vault import Vault

_PROGRESS = "... "
"""What `control.archive` begins its lines of progress with."""


def backup(instance: Instance, path: Path) -> None:
    """Write everything to a new file that root alone may read; it appears whole or not at all."""
    require_root("backup")
    if not (instance.secrets / "control" / "control.json").exists():
        raise Problem(f"There is no platform in {instance.home} to back up; run `nomapaas up` first.")
    if path.exists():
        raise Problem(f"{path} exists already, and a backup overwrites nothing; choose another name.")
    fresh = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    except OSError as exc:
        raise Problem(f"{path} cannot be written ({exc.strerror}); choose a folder that is there.") from exc
    try:
        with step("Backing up") as line, os.fdopen(descriptor, "wb") as file:
            secrets = {"admin": files.read_json(instance.secrets / "admin.json")}
            _ask(instance, "save", line, stdin=json.dumps(secrets), stdout=file)
            os.fsync(file.fileno())
            line.note(f"done, {file.tell() / 1e6:.1f} MB in {path}")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def restore(instance: Instance, path: Path) -> None:
    """Bring an empty platform up and load a backup into it. Raises Problem, with nothing changed, for any other."""
    require_root("restore")
    try:
        file = path.open("rb")
    except OSError as exc:
        raise Problem(
            f"{path} cannot be read ({exc.strerror}); name a file that `nomapaas backup` has written."
        ) from exc
    with file:
        up(instance)
        with only_one(instance):
            with step("Checking the backup") as line:
                found = json.loads(_ask(instance, "inspect", line, stdin=file))
                line.note(f"done, of {found['manifest']['created_at'][:19]} with {found['manifest']['apps']} apps")
            _take_over(instance, found["secrets"])
            # Before, so that an `up` after a kill sees the restored one.
            Vault(instance).forget_authority()
            with step("Restoring") as line:
                _ask(instance, "load", line, stdin=file)
    up(instance)


def _take_over(instance: Instance, secrets: Mapping[str, Any]) -> None:
    """What people and links know the platform by: the admin's password and token, the key of its signatures."""
    files.write_json(instance.secrets / "signing.json", {"signing_secret": secrets["signing_secret"]})
    if secrets.get("admin"):
        files.write_json(instance.secrets / "admin.json", secrets["admin"])
    credentials.write_all(instance)


def _ask(
    instance: Instance, command: str, line: Step, *, stdin: str | IO[bytes], stdout: IO[bytes] | int = subprocess.PIPE
) -> str:
    """Run one command of `control.archive`; its output, where that is not a file. Raises Problem with its sentence."""
    with (
        control_process(instance, "control.archive", [command]) as program,
        subprocess.Popen(
            program.argv,
            env=program.env,
            cwd=instance.home,
            stdin=subprocess.PIPE if isinstance(stdin, str) else stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            pass_fds=program.pass_fds,
        ) as process,
    ):
        if isinstance(stdin, str) and process.stdin is not None:
            # A program that ends before it has read everything says below why it did.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(stdin.encode())
                process.stdin.flush()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        said = _follow(process, line)
        printed = process.stdout.read().decode() if process.stdout is not None else ""
    if process.returncode != 0:
        raise Problem(" ".join(said[-3:]) or f"The control plane's archive ended with exit code {process.returncode}.")
    return printed


def _follow(process: subprocess.Popen[bytes], line: Step) -> list[str]:
    """Show progress as it comes; what else was said is returned."""
    said = []
    for raw in process.stderr or ():
        text = raw.decode(errors="replace").rstrip()
        if text.startswith(_PROGRESS):
            line.tick(text.removeprefix(_PROGRESS), every=2)
        elif text:
            said.append(text)
    return said
