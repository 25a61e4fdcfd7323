"""A headless Chromium, driven by its DevTools protocol over two pipes: no library, no open port.

https://chromedevtools.github.io/devtools-protocol/ names the commands; `--remote-debugging-pipe` reads them from
descriptor 3 and answers on 4, each message ended by a zero byte.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from pathlib import Path
from typing import Any


class Chromium:
    """One browser with one page."""

    def __init__(self, program: str, folder: Path) -> None:
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        switches = (
            "--headless=new",
            "--remote-debugging-pipe",
            "--no-sandbox",  # it refuses to be root with one; it sees the test's own pages only
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--no-proxy-server",
            f"--user-data-dir={folder}",
            "about:blank",
        )
        quiet = os.open(folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT, 0o600)
        self._pid = os.posix_spawn(
            program,
            [program, *switches],
            dict(os.environ, HOME=str(folder)),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                (os.POSIX_SPAWN_DUP2, quiet, 1),
                (os.POSIX_SPAWN_DUP2, quiet, 2),
            ],
            setpgroup=0,
        )
        for fd in (theirs_in, theirs_out, quiet):
            os.close(fd)
        self._read = b""
        self._count = 0
        self._session: str | None = None
        page = next(each for each in self._ask("Target.getTargets")["targetInfos"] if each["type"] == "page")
        attached = self._ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]

    def open(self, url: str) -> None:
        """Go to an address as if a person had typed it; returns when its answer has begun."""
        self._ask("Page.navigate", url=url)

    def disable_scripts(self) -> None:
        """From the next page on, its scripts do not run; what this class asks does."""
        self._ask("Emulation.setScriptExecutionDisabled", value=True)

    def title(self) -> str | None:
        """What the tab says; None while a page is being replaced."""
        return self._evaluate("document.title")

    def text(self) -> str | None:
        """What a person reads."""
        return self._evaluate("document.body.innerText")

    def _evaluate(self, script: str) -> Any:
        answer = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        return answer.get("result", {}).get("value")

    def close(self) -> None:
        """End it, with all its processes."""
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._to)
        os.close(self._from)

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 60
        while (answer := self._next(deadline)).get("id") != self._count:
            pass
        # A page that is just being replaced has no context to evaluate in.
        return answer.get("result", {})

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._from], [], [], max(0, deadline - time.monotonic()))
            assert ready, "Chromium does not answer."
            piece = os.read(self._from, 1 << 16)
            assert piece, "Chromium has ended."
            self._read += piece
        message, self._read = self._read.split(b"\0", 1)
        return json.loads(message)
