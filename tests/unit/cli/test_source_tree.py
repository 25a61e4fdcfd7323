"""Which files a push sends."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from cli.errors import CLIError
from cli.source_tree import source_tree


def write(root: Path, *names: str, text: str = "x\n") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "--quiet")
    return root


def test_a_work_tree_is_sent_from_its_root(repository):
    """Tracked and new files, from any folder within; ignored and deleted ones not."""
    write(repository, "Procfile", "gone.py", "sub/app.py")
    (repository / ".gitignore").write_text("*.log\nbuild/\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")
    (repository / "gone.py").unlink()
    write(repository, "new.py", "noise.log", "build/out.bin", "sub/ünïcode name.txt")

    tree = source_tree(repository / "sub", None)

    assert repository == tree.root
    assert tree.files == [".gitignore", "Procfile", "new.py", "sub/app.py", "sub/ünïcode name.txt"]
    assert tree.warnings == []
    assert tree.version is not None
    assert tree.version.endswith("+changes")


def test_a_clean_work_tree_has_its_commit_as_version(repository):
    """Without changes, the commit alone."""
    write(repository, "Procfile")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")

    version = source_tree(repository, None).version

    assert version is not None
    assert len(version) == 12


def test_a_named_folder_within_a_work_tree(repository):
    """--dir sends that folder, and still leaves out what git ignores."""
    write(repository, "Procfile", "web/app.py", "web/noise.log")
    (repository / ".gitignore").write_text("*.log\n")

    tree = source_tree(repository, "web")

    assert (repository / "web", ["app.py"]) == (tree.root, tree.files)


def test_a_named_folder_that_git_ignores_is_sent_whole(repository):
    """`push --dir dist` is what it says."""
    write(repository, "dist/index.html", "dist/deep/a.js")
    (repository / ".gitignore").write_text("dist/\n")

    assert source_tree(repository, "dist").files == ["deep/a.js", "index.html"]


def test_a_repository_within_goes_with_its_own_rules(repository):
    """A submodule's files are sent; its .git is not."""
    inner = repository / "vendor" / "lib"
    write(inner, "lib.py", "lib.log")
    (inner / ".gitignore").write_text("*.log\n")
    git(inner, "init", "--quiet")
    write(repository, "Procfile")

    assert source_tree(repository, None).files == ["Procfile", "vendor/lib/.gitignore", "vendor/lib/lib.py"]


def test_a_plain_folder_obeys_its_gitignore_files(tmp_path):
    """Downloaded source has them as well; the innermost one decides."""
    write(tmp_path, "Procfile", "a.log", "keep/b.log", "sub/c.log", "venv/bin/python", ".git/config", "sub/.hg/x")
    (tmp_path / ".gitignore").write_text("*.log\n/venv\n")
    (tmp_path / "keep" / ".gitignore").write_text("!*.log\n")

    assert source_tree(tmp_path, None).files == [".gitignore", "Procfile", "keep/.gitignore", "keep/b.log"]


def test_slugignore_leaves_out_more(tmp_path):
    """In a plain folder as in a repository; what is tracked, too."""
    write(tmp_path, "Procfile", "docs/a.md", "big.psd", "app/big.psd", "app/x.py")
    (tmp_path / ".slugignore").write_text("*.psd\n/docs\n!app/big.psd\n")

    assert source_tree(tmp_path, None).files == [".slugignore", "Procfile", "app/big.psd", "app/x.py"]


@pytest.mark.parametrize("tracked", [True, False])
def test_secrets_are_left_out_with_a_warning(repository, tracked):
    """A .env never travels, not even when git tracks it."""
    write(repository, "Procfile", ".env", ".env.example", "sub/.env")
    if tracked:
        git(repository, "add", ".")

    tree = source_tree(repository, None)

    assert tree.files == [".env.example", "Procfile"]
    assert tree.warnings == [
        (
            ".env (and 1 more) is left out, for it holds secrets. "
            "Give them to the app by: nomapaas config:set --env-file .env."
        )
    ]


def test_an_ignored_env_file_is_nothing_to_warn_of(repository):
    """It would not have been sent anyway."""
    write(repository, "Procfile", ".env")
    (repository / ".gitignore").write_text(".env\n")

    assert source_tree(repository, None).warnings == []


def test_what_is_neither_file_nor_link_is_left_out(tmp_path, monkeypatch):
    """Sockets and pipes get a warning."""
    write(tmp_path, "Procfile")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")

        tree = source_tree(tmp_path, None)

    assert tree.files == ["Procfile"]
    assert [f"{name} is left out: it is neither a file nor a link." for name in ("pipe", "sock")] == tree.warnings


def test_links_are_links(tmp_path):
    """A link to a folder is not walked into."""
    write(tmp_path, "Procfile", "real/a.py")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nowhere")

    assert source_tree(tmp_path, None).files == ["Procfile", "dangling", "link", "real/a.py"]


def test_a_folder_that_is_none(tmp_path):
    """--dir must name a folder."""
    with pytest.raises(CLIError, match=r"nope is no folder\."):
        source_tree(tmp_path, "nope")


def test_an_empty_folder(tmp_path):
    """Also one that holds only what is left out."""
    write(tmp_path, ".env", ".git/config")

    with pytest.raises(CLIError, match="There is nothing to push"):
        source_tree(tmp_path, str(tmp_path))


def test_a_repository_that_git_refuses_is_an_error(tmp_path):
    """Rather than sending what git would have left out."""
    write(tmp_path, "Procfile", "secret.key")
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")

    with pytest.raises(CLIError, match="git cannot read the repository around"):
        source_tree(tmp_path, None)
