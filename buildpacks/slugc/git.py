"""Gets a buildpack's git repository, under the rules of `fetch`: each host is checked, and connected to by address."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from . import fetch
from .exit_codes import BuildError, ExitCode

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}")
_SERVICE = "/info/refs?service=git-upload-pack"
_TIMEOUT_S = 300
_DEEPEST = 3
"""Submodules of submodules of submodules."""
_MOST_SUBMODULES = 50


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Where a repository is, at which branch, tag or commit; an empty `ref` is its default branch."""

    url: str
    ref: str = ""


def clone(repository: Repository, target: Path, *, private: bool, env: Mapping[str, str]) -> None:
    """Puts the files of a repository and of its submodules into `target`, without its history.

    Raises:
        BuildError: A URL is refused or does not answer, or there is no such branch, tag or commit.
    """
    if repository.ref and not _REF.fullmatch(repository.ref):
        raise BuildError(
            ExitCode.BUILDPACK_UNKNOWN,
            f"{fetch.shown(repository.ref)} is not the name of a branch, tag or commit: give one after the #.",
        )
    _clone(repository, target, private=private, env=env, depth=0)


def _clone(repository: Repository, target: Path, *, private: bool, env: Mapping[str, str], depth: int) -> None:
    code = ExitCode.BUILDPACK_UNREACHABLE
    # Git follows no redirect here: where they end is found, and checked, before it starts.
    try:
        end = fetch.resolved(repository.url.rstrip("/") + _SERVICE, private=private, code=code)
    except BuildError as exc:
        # The user knows the repository, not what git asks for first.
        raise BuildError(exc.code, str(exc).replace(_SERVICE, "")) from exc
    url = end.removesuffix(_SERVICE)
    git = _Git(folder=target, url=url, where=fetch.place(url, private=private, code=code), env=env)
    git.check_out(repository.ref)
    for path, submodule in _submodules(git, url):
        if depth == _DEEPEST:
            raise BuildError(
                code, f"The submodules of {fetch.shown(repository.url)} are nested too deep to be fetched."
            )
        (target / path).mkdir(parents=True, exist_ok=True)
        _clone(submodule, target / path, private=private, env=env, depth=depth + 1)
    shutil.rmtree(target / ".git", ignore_errors=True)


def _submodules(git: _Git, url: str) -> Iterator[tuple[str, Repository]]:
    """Path and repository of each submodule, at the commit that the tree names."""
    if not (git.folder / ".gitmodules").is_file() or (git.folder / ".gitmodules").is_symlink():
        return
    listed = git.ask("config", "--file", ".gitmodules", "--null", "--list")
    settings = dict(pair.partition("\n")[::2] for pair in listed.split("\0") if pair)
    urls = {
        value: settings[f"{key.removesuffix('.path')}.url"]
        for key, value in settings.items()
        if key.endswith(".path") and f"{key.removesuffix('.path')}.url" in settings
    }
    entries = (line.partition("\t") for line in git.ask("ls-tree", "-r", "-z", "HEAD").split("\0"))
    commits = {path: entry.split()[2] for entry, _, path in entries if " commit " in entry}
    for path in list(urls)[:_MOST_SUBMODULES]:
        # Only what the tree itself has as a commit is taken: git lets no such path leave the work tree.
        if path in commits:
            yield path, Repository(url=urljoin(f"{url}/", urls[path]), ref=commits[path])


@dataclass(frozen=True, kw_only=True)
class _Git:
    """Git in one new folder, which may connect to one address only."""

    folder: Path
    url: str
    where: fetch.Place
    env: Mapping[str, str]

    def check_out(self, ref: str) -> None:
        """Only what is asked for; where the server cannot give that (an abbreviated commit, plain files), all of it."""
        self._demand("init", "--quiet", str(self.folder), at=self.folder.parent)
        if self._run("fetch", "--quiet", "--depth=1", "--", self.url, ref or "HEAD").returncode == 0:
            self._demand("checkout", "--quiet", "--detach", "FETCH_HEAD")
            return
        heads = "refs/remotes/origin"
        everything = (f"+refs/heads/*:{heads}/*", "+refs/tags/*:refs/tags/*", f"+HEAD:{heads}/HEAD")
        self._demand("fetch", "--quiet", "--", self.url, *everything)
        for name in (f"{heads}/{ref}", f"refs/tags/{ref}", ref) if ref else (f"{heads}/HEAD",):
            if self._run("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}").returncode == 0:
                self._demand("checkout", "--quiet", "--detach", name)
                return
        raise BuildError(
            ExitCode.BUILDPACK_UNREACHABLE,
            f"The buildpack {fetch.shown(self.url)} has no branch, tag or commit {fetch.shown(ref)}: check what is "
            "after the #.",
        )

    def ask(self, *arguments: str) -> str:
        """What a command prints."""
        return self._demand(*arguments).stdout

    def _demand(self, *arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        run = self._run(*arguments, at=at)
        if run.returncode:
            said = fetch.shown(" ".join(run.stderr.split()))
            raise BuildError(
                ExitCode.BUILDPACK_UNREACHABLE, f"The buildpack {fetch.shown(self.url)} cannot be fetched: {said}"
            )
        return run

    def _run(self, *arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        address = f"[{self.where.address}]" if ":" in self.where.address else self.where.address
        settings = {
            "http.curloptResolve": f"{self.where.host}:{self.where.port}:{address}",
            "http.followRedirects": "false",
            "http.proxy": "",
            "protocol.allow": "never",
            "protocol.https.allow": "always",
            "init.defaultBranch": "main",
            "advice.detachedHead": "false",
            "core.hooksPath": os.devnull,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        clean = {**self.env, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        try:
            return subprocess.run(
                ["git", *options, *arguments],
                cwd=at or self.folder,
                env=clean,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired as exc:
            raise BuildError(
                ExitCode.BUILDPACK_UNREACHABLE,
                f"The buildpack {fetch.shown(self.url)} did not come within {_TIMEOUT_S // 60} minutes: give a tarball "
                "of it, or try again.",
            ) from exc
