"""The first account: an admin whose password and API token lie in `secrets/admin.json`, for root alone."""

from __future__ import annotations

import json
import secrets

import httpx

from cli.platform import files
from cli.platform.commands import attempt
from cli.platform.control_process import control_process
from cli.platform.instance import Instance
from cli.platform.problem import Problem


class Admin:
    """Makes the database's schema and the admin by the control plane's own program, as its own unix user."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._file = instance.secrets / "admin.json"

    def known(self) -> dict[str, str]:
        """E-mail, password and token; empty before the first `up`."""
        return files.read_json(self._file)

    def ensure(self) -> None:
        """Bring the schema up to date and make the admin, once. The password is written down before it is used."""
        known = self.known()
        known.setdefault("email", f"admin@{self._instance.domain}")
        known.setdefault("password", secrets.token_urlsafe(18))
        files.write_json(self._file, known)
        words = ["ensure", "--email", known["email"], "--password-stdin"]
        if "token" not in known:
            words += ["--token", "nomapaas up on this machine"]
        made = self._run(words, stdin=known["password"] + "\n")
        if "token" in made:
            files.write_json(self._file, known | {"token": made["token"]})

    def renew_token(self) -> bool:
        """Make another token when the API does not take the one at hand. True when that took place."""
        url = f"{self._instance.inside_url('api')}/account"
        headers = {
            "Authorization": f"Bearer {self.known().get('token', '')}",
            "Accept": "application/vnd.heroku+json; version=3",
        }
        try:
            status = httpx.get(url, headers=headers, timeout=10, trust_env=False).status_code
        except httpx.HTTPError as exc:
            raise Problem(f"The control API does not answer at {url} ({exc}); see `nomapaas status`.") from exc
        if status != 401:
            return False
        known = self.known()
        made = self._run(["ensure", "--email", known["email"], "--token", "nomapaas up on this machine"], stdin=None)
        files.write_json(self._file, known | {"token": made["token"]})
        return True

    def _run(self, words: list[str], *, stdin: str | None) -> dict[str, str]:
        with control_process(self._instance, "control.admin", words) as program:
            done = attempt(
                program.argv, env=program.env, cwd=self._instance.home, stdin=stdin, pass_fds=program.pass_fds
            )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Problem(f"The admin's account could not be made: {' '.join(said[-3:])}")
        result = json.loads(done.stdout.strip().splitlines()[-1])
        return {str(key): str(value) for key, value in result.items()}
