"""Programs of the control plane that `nomapaas` itself runs: as their own unix user, with their own credentials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cli.platform.commands import as_user
from cli.platform.instance import CONTROL_USER, Instance
from cli.platform.programs import common_env


@dataclass(frozen=True, kw_only=True)
class ControlProcess:
    """How to run one."""

    argv: list[str]
    env: dict[str, str]
    pass_fds: tuple[int, ...]


@contextmanager
def control_process(instance: Instance, module: str, words: Sequence[str]) -> Iterator[ControlProcess]:
    """What to give to subprocess for `python -m MODULE WORDS`, for as long as the block lasts.

    Its credentials are its own file in a folder that it may not enter, so it is handed the open file.
    """
    with (instance.secrets / "control" / "control.json").open("rb") as secrets:
        ours = {
            "NOMAPAAS_SECRETS_FILE": f"/proc/self/fd/{secrets.fileno()}",
            "PYTHONPATH": str(instance.checkout),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        yield ControlProcess(
            argv=as_user(CONTROL_USER, [instance.python, "-m", module, *words]),
            env=common_env(instance) | dict(instance.passed_on) | ours,
            pass_fds=(secrets.fileno(),),
        )
