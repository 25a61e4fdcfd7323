"""The unsealer: opens Vault whenever it is sealed, and keeps its audit log bounded.

Run by supervisord as Vault's own unix user: `python -m cli.platform.unseal URL KEY_FILE AUDIT_LOG PID_FILE`.
The standard library alone, so that it starts fast and nothing else can stop it.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_PAUSE = 1.0
_AUDIT_BYTES = 20 << 20
_AUDIT_KEPT = 5


class Unsealer:
    """One Vault's unsealer."""

    def __init__(self, *, url: str, key_file: Path, audit_log: Path, pid_file: Path) -> None:
        self._address = urlsplit(url).netloc
        self._key_file = key_file
        self._audit_log = audit_log
        self._pid_file = pid_file

    def unseal(self) -> bool:
        """Open Vault if it is sealed. True when that took place."""
        status = self._ask("GET", "/v1/sys/seal-status")
        if not status.get("sealed") or not status.get("initialized"):
            return False
        key = self._key_file.read_text().strip()
        return self._ask("PUT", "/v1/sys/unseal", {"key": key}).get("sealed") is False

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._address, timeout=10)
        try:
            connection.request(method, path, body=json.dumps(body) if body else None)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status >= 400:
            raise OSError(f"Vault answered {method} {path} with status {response.status}")
        return answer if isinstance(answer, dict) else {}

    def rotate(self, *, limit: int = _AUDIT_BYTES, keep: int = _AUDIT_KEPT) -> bool:
        """Move an audit log that grew over `limit` aside and let Vault open a new one. True when that took place.

        Where the disk is full there is room again as soon as the oldest one is gone.
        """
        try:
            if self._audit_log.stat().st_size <= limit:
                return False
        except FileNotFoundError:
            return False
        old = [self._audit_log.with_name(f"{self._audit_log.name}.{n}") for n in range(1, keep + 1)]
        old[-1].unlink(missing_ok=True)
        for newer, older in reversed(list(itertools.pairwise(old))):
            if newer.exists():
                newer.rename(older)
        self._audit_log.rename(old[0])
        os.kill(int(self._pid_file.read_text()), signal.SIGHUP)
        return True


def main(argv: list[str]) -> None:
    """Look once a second, for ever."""
    url, key_file, audit_log, pid_file = argv
    unsealer = Unsealer(url=url, key_file=Path(key_file), audit_log=Path(audit_log), pid_file=Path(pid_file))
    said = ""
    while True:
        try:
            if unsealer.unseal():
                _say("Vault was sealed and is open now.")
            if unsealer.rotate():
                _say("The audit log was rotated.")
            said = ""
        except (OSError, ValueError, http.client.HTTPException) as exc:
            if str(exc) != said:
                said = str(exc)
                _say(f"Vault cannot be looked after now: {exc}.")
        time.sleep(_PAUSE)


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
