"""`nomapaas up --boot`: a systemd unit, so that a machine that starts brings its platform along."""

from __future__ import annotations

from pathlib import Path

from cli.platform import files, render
from cli.platform.commands import attempt, run
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.progress import step

UNITS = Path("/etc/systemd/system")
_SYSTEMD = Path("/run/systemd/system")
_DEFAULT_BASE = 8080


def require_systemd(running: Path = _SYSTEMD) -> None:
    """Raise a Problem where systemd is not in charge."""
    if not running.is_dir():
        raise Problem(
            "systemd does not run this machine, so --boot cannot be had; let whatever starts the machine's services "
            "call `nomapaas up`."
        )


def unit_name(instance: Instance) -> str:
    """One unit an instance."""
    return "nomapaas.service" if instance.base == _DEFAULT_BASE else f"nomapaas-{instance.base}.service"


def unit(instance: Instance) -> str:
    """The unit's text. What `up` was told is remembered in HOME, so only HOME has to be said."""
    extra = {"checkout": str(instance.checkout), "nomapaas": str(instance.python.with_name("nomapaas"))}
    return render.template(instance, "agent/nomapaas.service", extra)


def install_unit(instance: Instance, units: Path = UNITS) -> None:
    """Write and enable the unit, and tell systemd that it is active."""
    name = unit_name(instance)
    with step(f"Installing {name}"):
        files.write(units / name, unit(instance))
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "enable", "--now", name], seconds=600)


def remove_unit(instance: Instance, units: Path = UNITS) -> None:
    """Disable and remove the unit; none is success."""
    name = unit_name(instance)
    if not (units / name).is_file() or str(instance.home) not in (units / name).read_text():
        return
    attempt(["systemctl", "disable", name])
    (units / name).unlink(missing_ok=True)
    attempt(["systemctl", "daemon-reload"])
