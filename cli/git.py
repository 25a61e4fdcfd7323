"""The few questions that the CLI asks git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cli.errors import CLIError


class Git:
    """The work tree around a folder, if there is one and git is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def root(self) -> Path | None:
        """The top of the work tree; None outside of one."""
        if not any((parent / ".git").exists() for parent in (self.folder, *self.folder.parents)):
            return None
        try:
            answer = self._run("rev-parse", "--show-toplevel")
        except FileNotFoundError:
            return None
        if answer.returncode == 0:
            return Path(answer.stdout.decode("utf-8", "surrogateescape").rstrip("\n"))
        said = answer.stderr.decode("utf-8", "replace").strip()
        if "not a git repository (or any" in said:
            return None
        raise CLIError(f"git cannot read the repository around {self.folder}: {said}")

    def files(self, folder: Path) -> list[str]:
        """Files below `folder`, relative to it: tracked ones (also deleted), untracked ones that are not ignored."""
        answer = self._run("-C", str(folder), "ls-files", "-coz", "--exclude-standard")
        if answer.returncode != 0:
            raise CLIError(f"git cannot list the files of {folder}: {answer.stderr.decode('utf-8', 'replace').strip()}")
        names = answer.stdout.decode("utf-8", "surrogateescape").split("\0")
        return sorted({name.rstrip("/") for name in names if name})

    def version(self) -> str | None:
        """The commit that is checked out, with a mark if files differ from it."""
        head = self._text("rev-parse", "--short=12", "HEAD")
        if not head:
            return None
        return f"{head}+changes" if self._text("status", "--porcelain") else head

    def remotes(self) -> dict[str, str]:
        """Name → address."""
        found: dict[str, str] = {}
        for line in (self._text("config", "--get-regexp", r"^remote\..*\.url$") or "").splitlines():
            key, _, url = line.partition(" ")
            found.setdefault(key.removeprefix("remote.").removesuffix(".url"), url)
        return found

    def set_remote(self, name: str, url: str) -> None:
        """Add a remote, or give it a new address."""
        verb = "set-url" if name in self.remotes() else "add"
        answer = self._run("remote", verb, name, url)
        if answer.returncode != 0:
            said = answer.stderr.decode("utf-8", "replace").strip()
            raise CLIError(f"git cannot keep the remote {name}: {said}")

    def remove_remote(self, name: str) -> None:
        """Forget a remote."""
        self._run("remote", "remove", name)

    def _text(self, *arguments: str) -> str | None:
        try:
            answer = self._run(*arguments)
        except FileNotFoundError:
            return None
        return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else None

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        # LC_ALL: its sentences are looked at, so they must be in one language.
        variables = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
