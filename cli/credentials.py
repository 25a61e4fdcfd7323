"""The tokens that `login` saved: one file, readable by its owner alone."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import CLIError


@dataclass(frozen=True)
class Login:
    """A saved login at one control API."""

    api_url: str
    email: str
    token: str
    authorization_id: str

    def __repr__(self) -> str:
        return f"Login(api_url={self.api_url!r}, email={self.email!r}, token=[REDACTED])"


class CredentialStore:
    """`credentials.json` in the CLI's configuration folder."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "credentials.json"

    def default_url(self) -> str | None:
        """The API that the last login was at."""
        url = self._read().get("default")
        return url if isinstance(url, str) else None

    def find(self, api_url: str) -> Login | None:
        """The login at this API."""
        saved = self._read().get("logins", {}).get(api_url)
        if not isinstance(saved, dict):
            return None
        return Login(api_url, saved.get("email", ""), saved.get("token", ""), saved.get("authorization_id", ""))

    def save(self, login: Login) -> None:
        """Keep a login and make its API the default one."""
        data = self._read()
        data["default"] = login.api_url
        data.setdefault("logins", {})[login.api_url] = {
            "email": login.email,
            "token": login.token,
            "authorization_id": login.authorization_id,
        }
        self._write(data)

    def forget(self, api_url: str) -> None:
        """Drop the login at this API; the default stays, so that the next login goes there."""
        data = self._read()
        if data.get("logins", {}).pop(api_url, None) is not None:
            self._write(data)

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CLIError(f"{self.file} cannot be read ({error}). Repair or remove it, then log in again.") from error
        if not isinstance(data, dict) or not isinstance(data.get("logins", {}), dict):
            raise CLIError(f"{self.file} is not what the CLI wrote. Remove it, then log in again.")
        return data

    def _write(self, data: dict[str, Any]) -> None:
        """A new file in place of the old one: it is never readable by others, nor ever half written."""
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=".credentials-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(data, stream, indent=2)
            Path(name).replace(self.file)
        except OSError as error:
            raise CLIError(f"The login cannot be saved in {self.file.parent} ({error.strerror}).") from error
