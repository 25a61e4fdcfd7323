"""A stack is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.platform import stack, stack_languages, stack_root
from cli.platform.stack_definition import DEFINITIONS
from cli.platform.stack_errors import StackError
from cli.platform.stack_languages import Languages
from cli.platform.stack_mirror import Mirror


@pytest.fixture
def debootstrapped(monkeypatch):
    """Roots appear without Debian; what was asked for is remembered."""
    asked = []

    def debootstrap(root, suite, packages, mirror, *, say):
        say("I: working")
        asked.append((root.name, suite, packages))
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
    monkeypatch.setattr(stack_languages, "unpack", lambda _definition, _mirror, work: Languages(both=work, build=work))
    monkeypatch.setattr(stack_languages, "place", lambda _languages, root, kind: (root / f"for-{kind}").touch())
    monkeypatch.setattr(stack_languages, "trust", lambda root: (root / "trust").touch())
    return asked


def test_a_stack_is_built_once(debootstrapped, tmp_path):
    """Both roots and the shared /etc, under the digest of the definition; then it is there."""
    said = []

    made = stack.ensure_stack(tmp_path, say=said.append)
    again = stack.ensure_stack(tmp_path, say=said.append)

    assert made == again
    assert made.version == f"{DEFINITIONS['nomapaas-13'].digest()}-1"
    assert [(name, suite) for name, suite, _ in debootstrapped] == [("run", "trixie"), ("build", "trixie")]
    assert made.etc.is_dir()
    for kind, root in (("run", made.run), ("build", made.build)):
        assert (root / f"for-{kind}").exists()
        assert (root / "trust").exists()
    assert any("Building the run root" in line for line in said)


def test_a_failure_leaves_nothing(debootstrapped, monkeypatch, tmp_path):
    """The next try starts afresh, and does not take a half for a whole."""

    def fail(*_):
        raise StackError("No disk.")

    monkeypatch.setattr(stack_root, "unpack_older_python", fail)

    with pytest.raises(StackError, match="No disk"):
        stack.ensure_stack(tmp_path, say=lambda _line: None)

    assert [path.name for path in (tmp_path / "stacks/nomapaas-13").iterdir()] == [".lock"]


def test_a_failure_beside_it_leaves_nothing_either(debootstrapped, monkeypatch, tmp_path):
    """Java is fetched while the roots are being made; what goes wrong there is the stack's failure."""

    def fail(*_):
        raise StackError("No Java.")

    monkeypatch.setattr(stack_languages, "unpack", fail)

    with pytest.raises(StackError, match="No Java"):
        stack.ensure_stack(tmp_path, say=lambda _line: None)

    assert [path.name for path in (tmp_path / "stacks/nomapaas-13").iterdir()] == [".lock"]


def test_what_a_killed_build_left_is_cleared_away(debootstrapped, tmp_path):
    """SIGKILL leaves a folder under another name."""
    left = tmp_path / "stacks/nomapaas-13/.new-abc"
    left.mkdir(parents=True)

    stack.ensure_stack(tmp_path, say=lambda _line: None)

    assert not left.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting is root's to do")
def test_what_a_killed_build_mounted_is_not_emptied(debootstrapped, tmp_path):
    """A killed mmdebstrap leaves the machine's /dev, /proc and /sys mounted in the folder."""
    left = tmp_path / "stacks/nomapaas-13/.new-abc"
    machines, mounted = tmp_path / "dev", left / "build" / "dev"
    machines.mkdir()
    mounted.mkdir(parents=True)
    (machines / "null").touch()
    subprocess.run(["mount", "--bind", machines, mounted], check=True)

    stack.ensure_stack(tmp_path, say=lambda _line: None)

    assert not left.exists()
    assert (machines / "null").exists()


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


def test_newer_packages_make_another_version_of_the_same_stack(debootstrapped, tmp_path):
    """Both are there; who asks for the stack gets the newer one."""
    first = stack.ensure_stack(tmp_path, say=print)

    second = stack.build_anew(tmp_path, "nomapaas-13", say=print)

    assert second.version == first.version.replace("-1", "-2")
    assert {each.version for each in stack.versions(tmp_path, "nomapaas-13")} == {first.version, second.version}
    assert stack.ensure_stack(tmp_path, say=print) == second


def test_a_stack_of_another_definition_is_not_taken_for_ours(debootstrapped, tmp_path):
    """An older nomapaas made it; its dynos may still run on it."""
    older = tmp_path / "stacks/nomapaas-13/0123456789abcdef"
    (older / "etc").mkdir(parents=True)

    made = stack.ensure_stack(tmp_path, say=print)

    assert made.version != older.name
    assert not stack.is_up_to_date(stack.versions(tmp_path, "nomapaas-13")[0])
    assert stack.is_up_to_date(made)


def test_another_stack_is_another_debian(debootstrapped, tmp_path):
    """Beside the first; packages under the names that they have there."""
    made = stack.ensure_stack(tmp_path, "nomapaas-12", say=print)

    assert made.name == "nomapaas-12"
    (_, suite, packages), _ = debootstrapped
    assert suite == "bookworm"
    assert {"libcurl4", "python3.11"} <= set(packages)
    assert not [each for each in packages if "t64" in each or "3.13" in each]
