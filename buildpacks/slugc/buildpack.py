"""Finds and runs buildpacks (Heroku's classic buildpack API)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import archive, fetch, output, release_yaml
from .exit_codes import BuildError, ExitCode
from .inputs import MEGABYTE, Inputs

OWN = ("python", "procfile")
"""Our own buildpacks in the order in which they are tried."""

_ALIASES = {
    "heroku/python": "python",
    "nomapaas/python": "python",
    "nomapaas/procfile": "procfile",
    "heroku/procfile": "procfile",
}
_BUILDPACK_MAX_BYTES = 200 * MEGABYTE
_NOT_FROM_EXPORT = frozenset({"_", "SHLVL", "PWD", "OLDPWD"})
_GIT_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")


@dataclass(frozen=True, kw_only=True)
class Buildpack:
    """A buildpack on disk."""

    name: str
    folder: Path


@dataclass(kw_only=True)
class Workspace:
    """The folders of one build and the environment that its buildpacks share."""

    build: Path
    cache: Path
    env_dir: Path
    env: dict[str, str]
    exports: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return {**self.env, **self.exports}


def choose(inputs: Inputs, workspace: Workspace) -> list[tuple[Buildpack, str]]:
    """The buildpacks of this build, each with the name of what it found.

    Raises:
        BuildError: Nothing fits the app, or a named buildpack cannot be had or does not fit.
    """
    named = list(inputs.buildpacks) or _listed(workspace.build) or inputs.config.get("BUILDPACK_URL", "").split()
    if named:
        output.step(f"Using buildpack{'s' if len(named) > 1 else ''}: {', '.join(named)}")
        return [_named(each, number, inputs, workspace) for number, each in enumerate(named)]
    output.step("Determining which buildpack to use for this app")
    for name in OWN:
        own = _own(name, inputs)
        detected = _detect(own, workspace)
        if detected is not None:
            output.step(f"{detected} app detected")
            return [(own, detected)]
    raise BuildError(
        ExitCode.NOTHING_DETECTED,
        "No buildpack fits this app: its top folder has none of the files that tell the language (for Python: "
        "requirements.txt, uv.lock or poetry.lock), and no Procfile. Push the folder that holds them.",
    )


def compile_app(buildpack: Buildpack, workspace: Workspace) -> None:
    """Runs `bin/compile`, then takes over what the buildpack exports to the next ones."""
    command = [
        str(buildpack.folder / "bin/compile"),
        str(workspace.build),
        str(workspace.cache),
        str(workspace.env_dir),
    ]
    status = _run(command, workspace)
    if status:
        raise BuildError(
            ExitCode.COMPILE_FAILED,
            f"The {buildpack.name} buildpack failed with status {status}; the lines above say why.",
        )
    export = buildpack.folder / "export"
    if export.is_file():
        workspace.exports.update(_exported(export, workspace))


def process_types(buildpack: Buildpack, workspace: Workspace) -> dict[str, str]:
    """The default process types that `bin/release` declares."""
    program = buildpack.folder / "bin/release"
    if not os.access(program, os.X_OK):
        return {}
    run = subprocess.run(
        [str(program), str(workspace.build)],
        cwd=workspace.build,
        env=workspace.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode:
        raise BuildError(
            ExitCode.RELEASE_FAILED, f"bin/release of the {buildpack.name} buildpack failed (status {run.returncode})."
        )
    return release_yaml.default_process_types(run.stdout)


def _own(name: str, inputs: Inputs) -> Buildpack:
    """A copy, because a buildpack writes its `export` into its own folder, and ours are mounted read-only."""
    folder = inputs.scratch / f"buildpack-{name}"
    if not folder.exists():
        shutil.copytree(inputs.own_buildpacks / name, folder)
    return Buildpack(name=name, folder=folder)


def _listed(build: Path) -> list[str]:
    listing = build / ".buildpacks"
    if not listing.is_file():
        return []
    lines = (line.strip() for line in listing.read_text(errors="replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _named(named: str, number: int, inputs: Inputs, workspace: Workspace) -> tuple[Buildpack, str]:
    short = _ALIASES.get(named, named)
    if short in OWN:
        buildpack = _own(short, inputs)
    elif "://" in named:
        buildpack = Buildpack(name=named, folder=_fetched(named, number, inputs, workspace))
    else:
        raise BuildError(
            ExitCode.BUILDPACK_UNKNOWN,
            f"There is no buildpack {ascii(named)[1:-1]}: name one of {', '.join(OWN)}, or give the https URL of one.",
        )
    detected = _detect(buildpack, workspace)
    if detected is None:
        raise BuildError(
            ExitCode.NOT_COMPATIBLE,
            f"The {short} buildpack does not fit this app: it found nothing to build. Name another one, or none.",
        )
    output.step(f"{detected} app detected")
    return buildpack, detected


def _fetched(named: str, number: int, inputs: Inputs, workspace: Workspace) -> Path:
    url, _, ref = named.partition("#")
    target = inputs.scratch / f"buildpack-{number}"
    if url.endswith((".tgz", ".tar.gz")):
        tarball = target.with_suffix(".tgz")
        code = ExitCode.BUILDPACK_UNREACHABLE
        fetch.download(url, tarball, limit=_BUILDPACK_MAX_BYTES, private=inputs.private_fetch, code=code)
        archive.refuse(archive.unpack(tarball, target, archive.Limits()))
        tarball.unlink()
    else:
        if ref and not _GIT_REF.fullmatch(ref):
            raise BuildError(
                ExitCode.BUILDPACK_UNKNOWN, f"{ascii(ref)[1:-1]} is not the name of a branch, tag or commit."
            )
        fetch.clone(url, ref, target, private=inputs.private_fetch, env=workspace.env)
        shutil.rmtree(target / ".git", ignore_errors=True)
    if not (target / "bin/compile").is_file():
        raise BuildError(ExitCode.BUILDPACK_UNKNOWN, f"{ascii(named)[1:-1]} is no buildpack: it has no bin/compile.")
    return target


def _detect(buildpack: Buildpack, workspace: Workspace) -> str | None:
    """What the buildpack calls the app, or None. On stderr it may say why this is almost, but not quite, its app."""
    program = buildpack.folder / "bin/detect"
    if not program.is_file():
        return buildpack.name
    run = subprocess.run(
        [str(program), str(workspace.build)],
        cwd=workspace.build,
        env=workspace.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    return (run.stdout.strip().splitlines() or [buildpack.name])[-1] if run.returncode == 0 else None


def _run(command: list[str], workspace: Workspace) -> int:
    try:
        run = subprocess.run(
            command, cwd=workspace.build, env=workspace.environment(), stdin=subprocess.DEVNULL, check=False
        )
    except OSError as exc:
        output.warning(f"{command[0]} cannot be run: {exc.strerror}.")
        return 126
    return run.returncode if run.returncode >= 0 else 128 - run.returncode


def _exported(export: Path, workspace: Workspace) -> Mapping[str, str]:
    before = workspace.environment()
    run = subprocess.run(
        ["bash", "-c", 'source "$1" >&2 && env -0', "export", str(export)],
        cwd=workspace.build,
        env=before,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    if run.returncode:
        raise BuildError(ExitCode.EXPORT_FAILED, f"What the buildpack exports ({export.name}) cannot be read.")
    pairs = (os.fsdecode(pair).partition("=") for pair in run.stdout.split(b"\0") if pair)
    return {name: value for name, _, value in pairs if name not in _NOT_FROM_EXPORT and before.get(name) != value}
