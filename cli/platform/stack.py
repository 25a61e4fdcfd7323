"""The stack: two Debian roots that dynos and builds see read-only.

A stack is made once per definition, under `CACHE/stacks/<name>/<digest>/{run,build,etc}`, whole or not at all.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.platform import stack_definition as definition
from cli.platform import stack_etc, stack_root, stack_runner
from cli.platform.stack_errors import StackError
from cli.platform.stack_mirror import KEYRING, host_mirror
from cli.platform.stack_registry import host_bundle

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


def ensure_stack(cache: Path, *, say: Callable[[str], None]) -> Stack:
    """The stack of this version of nomapaas, built when it is not there yet (about a minute).

    Raises:
        StackError: It cannot be built here; the message says what to do.
    """
    folder = cache / "stacks" / definition.NAME
    stack = _at(folder / definition.digest())
    if stack.etc.is_dir():
        return stack
    _check_host()
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder / ".lock"), _readable_by_all():
        if not stack.etc.is_dir():
            _build(folder, say)
    return stack


def _at(folder: Path) -> Stack:
    return Stack(
        name=definition.NAME,
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


def _build(folder: Path, say: Callable[[str], None]) -> None:
    for left in folder.glob(".new-*"):
        shutil.rmtree(left)
    mirror, bundle = host_mirror(), host_bundle()
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    new.chmod(0o755)
    work = new / "work"
    work.mkdir()
    try:
        for kind, packages, older in (
            ("run", definition.RUN_PACKAGES, definition.OLDER_RUN_PACKAGES),
            ("build", definition.BUILD_PACKAGES, definition.OLDER_BUILD_PACKAGES),
        ):
            say(f"-----> Building the {kind} root of stack {definition.NAME}")
            root = new / kind
            stack_root.debootstrap(root, packages, mirror, say=say)
            say("       adding Python 3.11")
            stack_root.unpack_older_python(root, older, mirror, work)
            if kind == "build":
                say("       adding uv, poetry and Node.js")
                if bundle:
                    _lend_trust(root, bundle)
                stack_root.add_build_tools(root, bundle)
            stack_root.drop_privileged_modes(root)
            stack_etc.settle(root)
        if bundle:
            stack_etc.trust(new / "build", bundle)
        stack_etc.write_links([new / "run", new / "build"], new / "etc")
        shutil.rmtree(work)
        new.rename(folder / definition.digest())
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    say(f"       stack {definition.NAME} is ready")


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
    """Names what a build depends on besides its source: this stack, this runner and these buildpacks."""
    return stack_runner.digest(checkout / "buildpacks", stack.build)
