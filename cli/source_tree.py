"""Which files a push sends: what git would keep, or the folder without what .gitignore names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pathspec

from cli.errors import CLIError
from cli.git import Git

SECRETS = ".env"
_NEVER = {".git", ".hg", ".svn"}


@dataclass
class SourceTree:
    """A folder, the files in it to send (relative, sorted), and what the user should know about the rest."""

    root: Path
    files: list[str]
    version: str | None = None
    warnings: list[str] = field(default_factory=list)


def source_tree(cwd: Path, folder: str | None) -> SourceTree:
    """The source around `cwd`: its git work tree's root; else the folder itself; or the named folder."""
    if folder is not None:
        root = (cwd / folder).resolve()
        if not root.is_dir():
            raise CLIError(f"{folder} is no folder. Name the folder of the app's source after --dir.")
    else:
        root = cwd
    git = Git(root)
    top = git.root()
    if top is not None and folder is None:
        root, git = top, Git(top)
    names = set(_from_git(git, root)) if top is not None else set()
    if not names:
        names = set(_walk(root, "", []))
    tree = SourceTree(root=root, files=[], version=git.version() if top is not None else None)
    _choose(tree, names)
    if not tree.files:
        raise CLIError(f"There is nothing to push in {root}. Put the app's source there, with a Procfile.")
    return tree


def _choose(tree: SourceTree, names: set[str]) -> None:
    """Leave out what never goes, and keep what is a file or a link."""
    ignored = _slugignore(tree.root)
    secrets = []
    for name in sorted(names):
        parts = name.split("/")
        if _NEVER.intersection(parts) or (ignored is not None and ignored.match_file(name)):
            continue
        if SECRETS in parts:
            secrets.append(name)
            continue
        try:
            mode = (tree.root / name).lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue  # git knows it, but it is deleted
        if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            tree.files.append(name)
        else:
            tree.warnings.append(f"{name} is left out: it is neither a file nor a link.")
    if secrets:
        others = f" (and {len(secrets) - 1} more)" if len(secrets) > 1 else ""
        tree.warnings.append(
            f"{secrets[0]}{others} is left out, for it holds secrets. "
            f"Give them to the app by: nomapaas config:set --env-file {secrets[0]}."
        )


def _from_git(git: Git, root: Path) -> Iterator[str]:
    """Git's list; a repository inside (a submodule, or one that is not yet known) with its own list."""
    for name in git.files(root):
        inner = root / name
        if inner.is_dir() and not inner.is_symlink():
            nested = _from_git(Git(inner), inner) if (inner / ".git").exists() else _walk(inner, "", [])
            yield from (f"{name}/{below}" for below in nested)
        else:
            yield name


def _walk(root: Path, prefix: str, rules: list[tuple[str, pathspec.GitIgnoreSpec]]) -> Iterator[str]:
    """Every entry below a folder that no .gitignore on the way names; folders only as part of paths."""
    try:
        with os.scandir(root / prefix) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise CLIError(f"{root / prefix} cannot be read ({error.strerror}).") from error
    spec = _spec(root / prefix / ".gitignore")
    if spec is not None:
        rules = [*rules, (prefix, spec)]
    for entry in entries:
        name = prefix + entry.name
        folder = entry.is_dir(follow_symlinks=False)
        if entry.name in _NEVER or _ignored(name + "/" if folder else name, rules):
            continue
        if folder:
            yield from _walk(root, name + "/", rules)
        else:
            yield name


def _ignored(name: str, rules: list[tuple[str, pathspec.GitIgnoreSpec]]) -> bool:
    """The innermost .gitignore that has a word on it decides."""
    for prefix, spec in reversed(rules):
        verdict = spec.check_file(name[len(prefix) :]).include
        if verdict is not None:
            return verdict
    return False


def _slugignore(root: Path) -> pathspec.GitIgnoreSpec | None:
    return _spec(root / ".slugignore")


def _spec(file: Path) -> pathspec.GitIgnoreSpec | None:
    try:
        lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return pathspec.GitIgnoreSpec.from_lines(lines)
    except (FileNotFoundError, IsADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise CLIError(f"{file} cannot be used: {error}.") from error
