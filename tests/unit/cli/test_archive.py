"""The tarball of a push."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from cli.archive import packed
from cli.errors import CLIError
from cli.source_tree import SourceTree, source_tree


def make(root: Path) -> Path:
    root.mkdir()
    (root / "b.py").write_text("b\n")
    (root / "a").mkdir()
    (root / "a" / "run.sh").write_text("#!/bin/sh\n")
    (root / "a" / "run.sh").chmod(0o750)
    (root / "link").symlink_to("a/run.sh")
    return root


def pack(root: Path) -> bytes:
    with packed(source_tree(root, None)) as archive:
        data = archive.file.read()
        assert len(data) == archive.size
        assert f"SHA256:{hashlib.sha256(data).hexdigest()}" == archive.checksum
    return data


def test_equal_trees_make_equal_bytes(tmp_path):
    """Whatever the time, the order of creation, the owner or the umask."""
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    os.utime(two / "b.py", (1, 1))
    (two / "b.py").chmod(0o600)

    assert pack(one) == pack(two)


def test_a_changed_byte_makes_another_archive(tmp_path):
    """Content counts."""
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    (two / "b.py").write_text("c\n")

    assert pack(one) != pack(two)


def test_entries_keep_links_and_the_executable_bit_and_nothing_of_the_machine(tmp_path):
    """Sorted, owner 0, modes 644 and 755, a time that every archive format knows."""
    root = make(tmp_path / "one")
    with packed(source_tree(root, None)) as archive, tarfile.open(fileobj=archive.file) as tar:
        entries = tar.getmembers()

    root_entry = (".", 0o755)
    assert [(e.name, e.mode) for e in entries] == [root_entry, ("a/run.sh", 0o755), ("b.py", 0o644), ("link", 0o777)]
    assert {(0, 0, "", "", 315532801)} == {(e.uid, e.gid, e.uname, e.gname, e.mtime) for e in entries}
    assert entries[3].linkname == "a/run.sh"
    assert entries[3].issym()


def test_names_that_are_no_text_survive(tmp_path):
    """Bytes that are not UTF-8, and names longer than 100 characters."""
    root = make(tmp_path / "one")
    odd = os.fsdecode(b"caf\xe9.txt")
    long = "/".join(["d" * 60] * 5)
    (root / odd).write_text("x")
    (root / long).parent.mkdir(parents=True)
    (root / long).write_text("y")
    with packed(source_tree(root, None)) as archive, tarfile.open(fileobj=archive.file) as tar:
        names = tar.getnames()

    assert {odd, long} <= set(names)


def test_a_file_that_goes_away_is_named(tmp_path):
    """No half archive is sent."""
    tree = SourceTree(root=tmp_path, files=["gone.py"])

    with pytest.raises(
        CLIError, match=r"gone\.py cannot be packed \(No such file or directory\)\. Nothing was pushed\."
    ):
        packed(tree).__enter__()
