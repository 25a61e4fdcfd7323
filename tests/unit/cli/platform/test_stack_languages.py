"""Java and Go are put over the roots of a stack."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.platform import stack_languages
from cli.platform.stack_definition import DEFINITIONS
from cli.platform.stack_mirror import Mirror

JVM = Path("usr/lib/jvm/java-21-openjdk-amd64")


class FakeDebs:
    """Packages with the files that matter here."""

    def __init__(self, _mirror, suite, _work):
        self._suite = suite

    def needed_by(self, package, *, ending):
        return [f"lib{package}{ending}"]

    def unpack(self, packages, target):
        for package in packages:
            self._unpack(package, target)

    def _unpack(self, package, target):
        if package.endswith("-jre-headless"):
            java = target / f"usr/lib/jvm/java-{package.split('-')[1]}-openjdk-amd64"
            (java / "lib/security").mkdir(parents=True)
            (java / "lib/modules").write_text(self._suite)
            (java / "lib/security/cacerts").symlink_to("/etc/ssl/certs/java/cacerts")
        elif package.endswith("-jdk-headless"):
            java = target / f"usr/lib/jvm/java-{package.split('-')[1]}-openjdk-amd64"
            (java / "jmods").mkdir(parents=True)
            (java / "javac").touch()
        elif package.startswith("golang-"):
            (target / "usr/lib/go-1.24/bin").mkdir(parents=True)
            for name in ("bin/go", "bin/gofmt", "go.env"):
                (target / "usr/lib/go-1.24" / name).touch()
        else:
            (target / "usr/share/doc").mkdir(parents=True, exist_ok=True)
            (target / "usr/share" / package).touch()


@pytest.fixture
def languages(monkeypatch, tmp_path):
    monkeypatch.setattr(stack_languages, "Debs", FakeDebs)
    return stack_languages.unpack(DEFINITIONS["nomapaas-13"], Mirror(archive="A", security=None), tmp_path / "work")


def files(root):
    return {str(Path(folder, name).relative_to(root)) for folder, _, names in os.walk(root) for name in names}


def test_dynos_get_the_jre_and_builds_the_rest(languages, tmp_path):
    """A JRE of this Debian and of the one before; compilers, Maven and the first Go in the build root alone."""
    for kind in ("run", "build"):
        (tmp_path / kind / "usr").mkdir(parents=True)
        stack_languages.place(languages, tmp_path / kind, kind)

    older = Path(str(JVM).replace("21", "17"))
    jre = {f"{java}/lib/{name}" for java in (JVM, older) for name in ("modules", "security/cacerts")}
    assert files(tmp_path / "run") == jre
    assert files(tmp_path / "build") - jre == {
        f"{JVM}/javac",
        f"{older}/javac",
        "usr/share/maven",
        "usr/share/libmaven-java",
        "usr/lib/nomapaas/go/bin/go",
        "usr/lib/nomapaas/go/go.env",
    }
    assert (tmp_path / "run" / JVM / "lib/modules").read_text() == "trixie"
    assert (tmp_path / "run" / older / "lib/modules").read_text() == "bookworm"


def test_both_roots_share_the_files_of_a_jre(languages, tmp_path):
    """The disk holds one Java, and the memory one copy of its classes."""
    for kind in ("run", "build"):
        (tmp_path / kind).mkdir()
        stack_languages.place(languages, tmp_path / kind, kind)

    assert (tmp_path / "run" / JVM / "lib/modules").samefile(tmp_path / "build" / JVM / "lib/modules")


def test_each_root_has_authorities_of_its_own(languages):
    """The link is shared, what it names is not: a dyno does not trust what the host does."""
    assert (languages.both / JVM / "lib/security/cacerts").readlink() == Path("/usr/lib/nomapaas/java-cacerts")
