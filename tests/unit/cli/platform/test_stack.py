"""A stack is there whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.platform import stack, stack_definition, stack_root
from cli.platform.stack_errors import StackError
from cli.platform.stack_mirror import Mirror


@pytest.fixture
def debootstrapped(monkeypatch):
    """Roots appear without Debian; what was asked for is remembered."""
    asked = []

    def debootstrap(root, packages, mirror, *, say):
        say("I: working")
        asked.append((root.name, packages, mirror))
        for folder in ("etc/ssl/certs", "usr/bin", "usr/lib/ssl", "usr/lib64", "tmp"):
            (root / folder).mkdir(parents=True)
        (root / "etc/ssl/certs/ca-certificates.crt").touch()
        for link in ("bin", "lib", "lib64"):
            (root / link).symlink_to(f"usr/{link}")

    monkeypatch.setattr(stack.os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(stack, "KEYRING", Path(__file__))
    monkeypatch.setattr(stack, "host_mirror", lambda: Mirror(archive="A", security=None))
    monkeypatch.setattr(stack, "host_bundle", lambda: None)
    monkeypatch.setattr(stack_root, "debootstrap", debootstrap)
    monkeypatch.setattr(stack_root, "unpack_older_python", lambda *_: None)
    monkeypatch.setattr(stack_root, "add_build_tools", lambda *_: None)
    return asked


def test_a_stack_is_built_once(debootstrapped, tmp_path):
    """Both roots and the shared /etc, under the digest of the definition; then it is there."""
    said = []

    made = stack.ensure_stack(tmp_path, say=said.append)
    again = stack.ensure_stack(tmp_path, say=said.append)

    assert made == again
    assert made.version == stack_definition.digest()
    assert [name for name, _, _ in debootstrapped] == ["run", "build"]
    assert made.etc.is_dir()
    assert any("Building the run root" in line for line in said)


def test_a_failure_leaves_nothing(debootstrapped, monkeypatch, tmp_path):
    """The next try starts afresh, and does not take a half for a whole."""

    def fail(*_):
        raise StackError("No disk.")

    monkeypatch.setattr(stack_root, "unpack_older_python", fail)

    with pytest.raises(StackError, match="No disk"):
        stack.ensure_stack(tmp_path, say=lambda _line: None)

    assert [path.name for path in (tmp_path / "stacks/nomapaas-13").iterdir()] == [".lock"]


def test_what_a_killed_build_left_is_cleared_away(debootstrapped, tmp_path):
    """SIGKILL leaves a folder under another name."""
    left = tmp_path / "stacks/nomapaas-13/.new-abc"
    left.mkdir(parents=True)

    stack.ensure_stack(tmp_path, say=lambda _line: None)

    assert not left.exists()


def test_without_root_the_sentence_says_so(monkeypatch, tmp_path):
    """A stack has files of root's."""
    monkeypatch.setattr(stack.os, "geteuid", lambda: 1000)

    with pytest.raises(StackError, match="needs root: run the command again with sudo"):
        stack.ensure_stack(tmp_path, say=print)


def test_without_mmdebstrap_the_sentence_says_so(monkeypatch, tmp_path):
    """And with which command to get it."""
    monkeypatch.setattr(stack.os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(StackError, match="apt-get install mmdebstrap"):
        stack.ensure_stack(tmp_path, say=print)
