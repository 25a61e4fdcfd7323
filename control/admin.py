"""What `nomapaas up` asks of the control plane: `python -m control.admin ensure --email admin@example.com`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from control.bootstrap import open_state, system_clock
from control.domain.rules import BrokenRule
from control.errors import PlatformError
from control.ports.errors import PortError
from control.services.accounts import Passwords, create_token, ensure_admin
from control.settings import Settings, SettingsError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is JSON on stdout."""
    parser = argparse.ArgumentParser(prog="python -m control.admin", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database's schema up to date")
    ensure = commands.add_parser("ensure", help="the same, and make sure that there is an admin")
    ensure.add_argument("--email", required=True, help="the admin's e-mail address")
    ensure.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    ensure.add_argument("--token", metavar="DESCRIPTION", help="make an API token of this description as well")
    options = parser.parse_args(argv)
    try:
        result = _migrate() if options.command == "migrate" else _ensure(options)
    except (SettingsError, PortError, PlatformError, BrokenRule) as exc:
        print(exc, file=sys.stderr)  # noqa: T201 - a command-line program
        return 1
    print(json.dumps(result))  # noqa: T201
    return 0


def _migrate() -> dict[str, str]:
    state = open_state(Settings.from_env())
    state.migrate()
    state.close()
    return {"schema": "up to date"}


def _ensure(options: argparse.Namespace) -> dict[str, str]:
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else None
    clock = system_clock()
    state = open_state(Settings.from_env())
    state.migrate()
    account, made = ensure_admin(state, clock, Passwords(), email=options.email, password=password)
    result = {"id": account.id, "email": account.email}
    if made is not None and password is None:
        result["password"] = made
    if options.token is not None:
        with state.begin() as work:
            _, result["token"] = create_token(work, clock, account, description=options.token)
            work.commit()
    state.close()
    return result


if __name__ == "__main__":
    sys.exit(main())
