"""Unpacks what a stack has of Java and Go beside Debian's installed packages.

Nothing of it is installed: no dependency and no maintainer script takes part, so it can be fetched and unpacked while
mmdebstrap makes the roots. Both roots share the files of a JRE, and with them the pages that they fill in memory.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from cli.platform.stack_debs import Debs, checked
from cli.platform.stack_definition import Definition
from cli.platform.stack_etc import HELD
from cli.platform.stack_java_trust import key_store
from cli.platform.stack_mirror import Mirror

FIRST_GO = Path("usr/lib/nomapaas/go")
"""The go command that fetches any other Go; see `buildpacks/go`."""

JAVA_TRUST = Path("usr/lib/nomapaas/java-cacerts")
"""What a root's Java trusts: what the rest of the root trusts, in Java's form."""

_JVMS = Path("usr/lib/jvm")
_LEFT_OUT = ("etc/ssl", "usr/lib/debug", "usr/share/doc", "usr/share/lintian", "usr/share/man", "usr/share/maven-repo")


@dataclass(frozen=True, kw_only=True)
class Languages:
    """Trees that are put over a root: `both` over either, `build` over the build root alone."""

    both: Path
    build: Path


def unpack(definition: Definition, mirror: Mirror, work: Path) -> Languages:
    """Fetches and unpacks everything below `work`, which is made. Raises StackError."""
    made = Languages(both=work / "both", build=work / "build")
    suites = {definition.suite, definition.first_go[0], *definition.javas.values()}
    debs = {suite: Debs(mirror, suite, work / suite) for suite in suites}
    for version, suite in definition.javas.items():
        debs[suite].unpack([f"openjdk-{version}-jre-headless"], made.both)
        debs[suite].unpack([f"openjdk-{version}-jdk-headless"], made.build)
    own, maven = debs[definition.suite], definition.maven
    own.unpack([maven, *own.needed_by(maven, ending="-java")], made.build)
    suite, first_go = definition.first_go
    debs[suite].unpack([first_go], work / "go")
    _take_first_go(work / "go", made.build)
    for tree in (made.both, made.build):
        for name in _LEFT_OUT:
            shutil.rmtree(tree / name, ignore_errors=True)
    for modules in made.build.glob(f"{_JVMS}/*/jmods"):
        shutil.rmtree(modules)
    for store in made.both.glob(f"{_JVMS}/*/lib/security/cacerts"):
        store.unlink()
        store.symlink_to(f"/{JAVA_TRUST}")
    return made


def place(languages: Languages, root: Path, kind: str) -> None:
    """Puts the languages into a root whose `/etc` is not settled yet, as links to the same files."""
    for tree in (languages.both, languages.build) if kind == "build" else (languages.both,):
        checked(["cp", "--archive", "--link", f"{tree}/.", str(root)])


def trust(root: Path) -> None:
    """Gives the Javas of a root its certificate authorities."""
    store = root / JAVA_TRUST
    store.write_bytes(key_store((root / HELD / "ssl/certs/ca-certificates.crt").read_text()))
    store.chmod(0o644)


def _take_first_go(unpacked: Path, root: Path) -> None:
    """A go command needs nothing but its defaults to fetch another one."""
    (root / FIRST_GO / "bin").mkdir(parents=True)
    (holder,) = unpacked.glob("usr/lib/go-*")
    for name in ("bin/go", "go.env"):
        (holder / name).rename(root / FIRST_GO / name)
    shutil.rmtree(unpacked)
