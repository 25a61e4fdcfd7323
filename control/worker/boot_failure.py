"""Why a web dyno did not boot, for people: one sentence, and what it said last."""

from __future__ import annotations

from control.ports.bundle import Ports
from control.ports.scheduler import Allocation
from control.services.desired import Desired
from control.settings import Settings
from control.worker.losses import is_lost
from control.worker.verdict import Outcome, Verdict

_LAST_LINES = 10
_MOST_WORDS = 4096
"""Bytes of its last lines that a failure repeats."""


def explain(ports: Ports, settings: Settings, verdict: Verdict, wanted: Desired) -> str:
    """The reason in one line, and the dyno's last lines below it. Raises NodeUnavailable."""
    culprit = verdict.culprit
    if culprit is None:
        return "The app did not start."
    if verdict.outcome is Outcome.TIMED_OUT:
        check = wanted.health_check
        goal = f"answer GET {check.path} with 200 to 399" if check else "bind to $PORT"
        reason = (
            f"Error R10 (Boot timeout) -> Web process failed to {goal} within "
            f"{wanted.boot_timeout(settings)} seconds of launch."
        )
    elif is_lost(culprit):
        # It may have an exit code as well, from the end that its node made of it.
        reason = f"The node lost the web process every time it was started: {culprit.message or 'it gave no reason'}"
    elif culprit.oom_killed:
        reason = "Error R15 (Memory quota vastly exceeded) -> The web process was killed for its use of memory."
    elif culprit.exit_code is None:
        reason = f"The web process could not be started: {culprit.message or 'the node gave no reason'}"
    else:
        reason = f"The web process ended with exit code {culprit.exit_code} before it accepted a request on $PORT."
    return "\n".join([reason, *_last_lines(ports, culprit)])


def _last_lines(ports: Ports, culprit: Allocation) -> list[str]:
    """What that very dyno said last; the old release's dyno of the same name is another allocation."""
    said, offset = b"", 0
    while piece := ports.node.output(culprit.id, task="dyno", offset=offset):
        said, offset = said[-_MOST_WORDS:] + piece, offset + len(piece)
    lines = said[-_MOST_WORDS:].decode(errors="replace").splitlines()
    return [f"    {line}" for line in lines[-_LAST_LINES:]]
