"""What `nomapaas backup` and `restore` ask of the control plane, as its own unix user.

    python -m control.archive save     secrets (JSON) on stdin, the backup on stdout
    python -m control.archive inspect  the backup on stdin; its manifest and secrets (JSON) on stdout
    python -m control.archive load     the backup on stdin

Progress goes to stderr, one line a step, each after `_PROGRESS`; an error is one sentence there and the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from control.bootstrap import bootstrap, open_archive, open_state
from control.errors import PlatformError
from control.ports.errors import PortError
from control.services.backup import Backup
from control.services.restore import BackupRejected, Restore, demand_empty, inspect
from control.settings import Settings, SettingsError

_PROGRESS = "... "


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m control.archive", description=__doc__)
    parser.add_argument("command", choices=("save", "inspect", "load"))
    command = parser.parse_args(argv).command
    try:
        settings = Settings.from_env()
        {"save": _save, "inspect": _inspect, "load": _load}[command](settings)
    except (SettingsError, PortError, PlatformError, BackupRejected) as exc:
        print(exc, file=sys.stderr)  # noqa: T201 - a command-line program
        return 1
    return 0


def _save(settings: Settings) -> None:
    given: dict[str, Any] = json.loads(sys.stdin.read())
    secrets = given | {"signing_secret": settings.signing_secret.reveal()}
    backup = Backup(ports=bootstrap(settings), archive=open_archive(settings))
    backup(sys.stdout.buffer, secrets, say=_say)


def _inspect(settings: Settings) -> None:
    demand_empty(open_state(settings))
    manifest, secrets = inspect(sys.stdin.buffer)
    print(json.dumps({"manifest": manifest, "secrets": secrets}))  # noqa: T201


def _load(settings: Settings) -> None:
    inspect(sys.stdin.buffer)
    Restore(ports=bootstrap(settings), archive=open_archive(settings))(sys.stdin.buffer, say=_say)


def _say(text: str) -> None:
    print(f"{_PROGRESS}{text}", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
