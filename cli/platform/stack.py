"""The stack: two Debian roots that dynos and builds see read-only.

A version of a stack is made under `CACHE/stacks/<name>/<digest>-<number>/{run,build,etc}`, whole or not at all: a new
definition makes another digest, and newer packages for the same definition the next number.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.platform import layout, stack_etc, stack_languages, stack_root, stack_runner
from cli.platform.stack_definition import DEFAULT_STACK, DEFINITIONS, Definition
from cli.platform.stack_errors import StackError
from cli.platform.stack_mirror import KEYRING, host_mirror
from cli.platform.stack_registry import host_bundle

Say = Callable[[str], None]

FOLDERS = ("usr", "bin", "lib", "lib64")
"""What is mounted of a root; `/etc` is copied from `Stack.etc`."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack on this machine's disk."""

    name: str
    version: str
    run: Path
    build: Path
    etc: Path

    def host_volumes(self) -> dict[str, Path]:
        """Name and folder of each read-only Nomad host volume: `stack-nomapaas-13-run-usr` and so on."""
        return {
            f"stack-{self.name}-{kind}-{folder}": (root / folder).resolve()
            for kind, root in (("run", self.run), ("build", self.build))
            for folder in FOLDERS
        }


def ensure_stack(cache: Path, name: str = DEFAULT_STACK, *, say: Say) -> Stack:
    """The newest version that fits this version of nomapaas, built when there is none yet (about a minute).

    Raises:
        StackError: It cannot be built here; the message says what to do.
    """
    return _newest(cache, name) or _built(cache, name, lambda: _newest(cache, name), say)


def build_anew(cache: Path, name: str, *, say: Say) -> Stack:
    """One more version, with the packages that the mirror has now. Raises StackError."""
    return _built(cache, name, lambda: None, say)


def versions(cache: Path, name: str) -> list[Stack]:
    """All versions on this disk, oldest first."""
    found = [_at(etc.parent) for etc in (cache / "stacks" / name).glob("[!.]*/etc")]
    return sorted(found, key=lambda each: each.etc.stat().st_mtime)


def is_up_to_date(stack: Stack) -> bool:
    """Whether it was made from the definition that this version of nomapaas has; its packages may be old."""
    return stack.version.partition("-")[0] == DEFINITIONS[stack.name].digest()


def _newest(cache: Path, name: str) -> Stack | None:
    fitting = [each for each in versions(cache, name) if is_up_to_date(each)]
    return max(fitting, key=_number, default=None)


def _number(stack: Stack) -> int:
    return int(stack.version.partition("-")[2] or 1)


def _built(cache: Path, name: str, made_meanwhile: Callable[[], Stack | None], say: Say) -> Stack:
    _check_host()
    folder = cache / "stacks" / name
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder / ".lock"), _readable_by_all():
        if made := made_meanwhile():
            return made
        newest = _newest(cache, name)
        target = folder / f"{DEFINITIONS[name].digest()}-{_number(newest) + 1 if newest else 1}"
        _build(DEFINITIONS[name], target, say)
        return _at(target)


def _at(folder: Path) -> Stack:
    return Stack(
        name=folder.parent.name,
        version=folder.name,
        run=folder / "run",
        build=folder / "build",
        etc=folder / "etc",
    )


def _check_host() -> None:
    if os.geteuid() != 0:
        raise StackError("Building the stack needs root: run the command again with sudo.")
    if shutil.which("mmdebstrap") is None:
        raise StackError("mmdebstrap is missing: run `apt-get install mmdebstrap` and then the command again.")
    if not KEYRING.is_file():
        raise StackError(
            "Debian's signing keys are missing: run `apt-get install debian-archive-keyring` and try again."
        )


def _build(definition: Definition, target: Path, say: Say) -> None:
    folder = target.parent
    for left in folder.glob(".new-*"):
        _clear_away(left)
    mirror, bundle = host_mirror(), host_bundle()
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    new.chmod(0o755)
    work = new / "work"
    work.mkdir()
    try:
        with ThreadPoolExecutor(max_workers=1) as beside:
            unpacking = beside.submit(stack_languages.unpack, definition, mirror, work / "languages")
            for kind, packages in (("run", definition.run_packages), ("build", definition.build_packages)):
                say(f"-----> Building the {kind} root of stack {definition.name}")
                root = new / kind
                stack_root.debootstrap(root, definition.suite, packages, mirror, say=say)
                if definition.older_python:
                    say(f"       adding Python {definition.older_python.version}")
                    stack_root.unpack_older_python(root, kind, definition.older_python, mirror, work)
                if kind == "build":
                    say("       adding uv, poetry, pipenv and Node.js")
                    if bundle:
                        _lend_trust(root, bundle)
                    stack_root.add_build_tools(root, bundle)
                say("       adding Java")
                stack_languages.place(unpacking.result(), root, kind)
                stack_root.drop_privileged_modes(root)
                stack_etc.settle(root)
        if bundle:
            stack_etc.trust(new / "build", bundle)
        stack_etc.write_links([new / "run", new / "build"], new / "etc")
        for kind in ("run", "build"):
            stack_languages.trust(new / kind)
        shutil.rmtree(work)
        new.rename(target)
    except BaseException:
        _clear_away(new)
        raise
    say(f"       stack {definition.name} is ready")


def _clear_away(unfinished: Path) -> None:
    """A killed mmdebstrap leaves the machine's /dev, /proc and /sys mounted in there, which are not ours to empty."""
    layout.release(unfinished)
    shutil.rmtree(unfinished, ignore_errors=True)


def _lend_trust(root: Path, bundle: Path) -> None:
    shutil.copyfile(bundle, root / "etc/ssl/certs/ca-certificates.crt")


@contextmanager
def _readable_by_all() -> Iterator[None]:
    """Dynos read the stack under users of their own, whatever root's umask is."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prepare_runner(checkout: Path, stack: Stack, dest: Path) -> Path:
    """Makes `dest` (the folder that is mounted at `/nomapaas`) the runner of this checkout; see `stack_runner`."""
    return stack_runner.prepare_runner(checkout, stack.build, dest)


def build_stamp(checkout: Path, stack: Stack) -> str:
    """Names what a build depends on besides its source and its stack: this runner and these buildpacks."""
    return stack_runner.digest(checkout / "buildpacks", stack.build)
