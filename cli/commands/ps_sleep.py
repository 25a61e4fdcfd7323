"""ps:sleep, ps:wake."""

from __future__ import annotations

from cli.command import app_command
from cli.paths import api_path
from cli.session import Session


@app_command("ps:sleep")
def sleep(session: Session, app: str) -> None:
    """Put an app to sleep: its dynos stop, and the next request wakes it."""
    with session.console.action(f"Putting {session.console.app(app)} to sleep"):
        session.client.post(api_path("apps", app, "actions", "sleep"))


@app_command("ps:wake")
def wake(session: Session, app: str) -> None:
    """Wake an app that sleeps, as a request would."""
    with session.console.action(f"Waking {session.console.app(app)}") as step:
        found = session.client.post(api_path("apps", app, "actions", "wake"))
        step.status = f"done, {found['state']}"


COMMANDS = [sleep, wake]
