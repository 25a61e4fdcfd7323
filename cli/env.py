"""Everything that the CLI knows of the world around it, in one object that tests can replace."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import httpx

DEFAULT_API_URL = "http://127.0.0.1:8081"


def _ask_hidden(prompt: str) -> str:
    import getpass  # noqa: PLC0415 - only a login needs it, and every command pays for its start-up

    return getpass.getpass(prompt)


def _open_browser(url: str) -> bool:
    import webbrowser  # noqa: PLC0415 - only `open` needs it

    return webbrowser.open(url)


def _nothing() -> TextIO:
    """In place of a stream that was closed before the start."""
    return Path("/dev/null").open("r+", encoding="utf-8")


def _local_now() -> datetime:
    return datetime.now(UTC).astimezone()


@dataclass
class Environment:
    """Streams, variables, folder, clock and network of one run."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    variables: Mapping[str, str]
    cwd: Path
    transport: httpx.BaseTransport | None = None
    """None: real connections. Tests put a faked host here."""
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _local_now
    """An aware time; its zone is the one that times are shown in."""
    ask_hidden: Callable[[str], str] = _ask_hidden
    open_browser: Callable[[str], bool] = _open_browser
    columns: int | None = field(default=None)

    @classmethod
    def from_process(cls) -> Environment:
        """The real world. Terminals that cannot show a character get a `?`, never a traceback."""
        import os  # noqa: PLC0415 - the process's variables are read here and nowhere else

        stdin, stdout, stderr = (stream or _nothing() for stream in (sys.stdin, sys.stdout, sys.stderr))
        for stream in (stdout, stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        try:
            cwd = Path.cwd()
        except FileNotFoundError:
            cwd = Path("/")
        return cls(stdin=stdin, stdout=stdout, stderr=stderr, variables=os.environ, cwd=cwd)

    @property
    def config_dir(self) -> Path:
        """Where the CLI keeps its own files."""
        base = self.variables.get("XDG_CONFIG_HOME", "")
        if base.startswith("/"):
            return Path(base) / "nomapaas"
        home = self.variables.get("HOME", "")
        return (Path(home) if home else Path.home()) / ".config" / "nomapaas"

    @property
    def debug(self) -> bool:
        """Whether the user wants tracebacks and a line per request."""
        return self.variables.get("NOMAPAAS_DEBUG", "") not in ("", "0")

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to answer a question."""
        return self.stdin.isatty() and self.stderr.isatty()
