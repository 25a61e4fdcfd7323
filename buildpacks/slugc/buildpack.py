"""Finds and runs buildpacks (Heroku's classic buildpack API)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import fetch, foreign, output, release_yaml
from .exit_codes import BuildError, ExitCode
from .inputs import Inputs

OWN = ("nodejs", "go", "java", "python", "static", "procfile")
"""Our own buildpacks in the order in which they are tried: an index.html alone says little, a Procfile alone least."""

_ALIASES = {
    "heroku/go": "go",
    "heroku/java": "java",
    "heroku/nodejs": "nodejs",
    "heroku/python": "python",
    "nomapaas/go": "go",
    "nomapaas/java": "java",
    "nomapaas/nodejs": "nodejs",
    "nomapaas/python": "python",
    "nomapaas/static": "static",
    "nomapaas/procfile": "procfile",
    "heroku/procfile": "procfile",
    "heroku-community/static": "static",
}
_REPORT_TIMEOUT_S = 30
_REPORT_MAX = 16 * 1024
_NOT_FROM_EXPORT = frozenset({"_", "SHLVL", "PWD", "OLDPWD"})


@dataclass(frozen=True, kw_only=True)
class Buildpack:
    """A buildpack on disk. Its programs run in its own folder, where Heroku's look for files of theirs."""

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


def choose(inputs: Inputs, workspace: Workspace, *, wished: Sequence[str] = ()) -> Iterator[tuple[Buildpack, str]]:
    """The buildpacks of this build in their order, each with the name of what it found.

    Each one is asked whether it fits when its turn comes, so that it sees what those before it have made. `wished` is
    what the app's own app.json asks for, which counts when nobody has chosen.

    Raises:
        BuildError: Nothing fits the app, or a named buildpack cannot be had or does not fit.
    """
    named = (
        list(inputs.buildpacks)
        or list(wished)
        or _listed(workspace.build)
        or inputs.config.get("BUILDPACK_URL", "").split()
    )
    if named:
        output.step(f"Using buildpack{'s' if len(named) > 1 else ''}: {', '.join(fetch.shown(each) for each in named)}")
        for buildpack in [_named(each, number, inputs, workspace) for number, each in enumerate(named)]:
            yield buildpack, _demand_fit(buildpack, workspace)
        return
    output.step("Determining which buildpack to use for this app")
    for name in OWN:
        own = _own(name, inputs)
        detected = _detect(own, workspace)
        if detected is not None:
            output.step(f"{detected} app detected")
            yield own, detected
            return
    raise BuildError(
        ExitCode.NOTHING_DETECTED,
        "No buildpack fits this app: its top folder has no file that tells the language (such as package.json, go.mod, "
        "pom.xml, requirements.txt or index.html), and no Procfile. Push the folder that holds them.",
    )


def compile_app(buildpack: Buildpack, workspace: Workspace, reports: dict[str, str]) -> None:
    """Runs `bin/compile`, then takes over what the buildpack exports to the next ones.

    What its `bin/report` prints, whether or not it could compile, is added to `reports` under its name.
    """
    status = _run([str(buildpack.folder / "bin/compile"), *_folders(workspace)], workspace, at=buildpack.folder)
    report = _report(buildpack, workspace)
    if report:
        reports[buildpack.name] = report
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
        cwd=buildpack.folder,
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


def _folders(workspace: Workspace) -> list[str]:
    return [str(workspace.build), str(workspace.cache), str(workspace.env_dir)]


def _report(buildpack: Buildpack, workspace: Workspace) -> str:
    """What a buildpack tells those who run it, lines of `key: value`. Nothing depends on it."""
    program = buildpack.folder / "bin/report"
    if not os.access(program, os.X_OK):
        return ""
    try:
        run = subprocess.run(
            [str(program), *_folders(workspace)],
            cwd=buildpack.folder,
            env=workspace.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            check=False,
            timeout=_REPORT_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout[:_REPORT_MAX]


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


def _named(named: str, number: int, inputs: Inputs, workspace: Workspace) -> Buildpack:
    short = _ALIASES.get(named.removeprefix("urn:buildpack:"), named)
    if short in OWN:
        return _own(short, inputs)
    if "://" in named:
        return Buildpack(name=fetch.shown(named), folder=foreign.fetched(named, number, inputs, workspace.env))
    raise BuildError(
        ExitCode.BUILDPACK_UNKNOWN,
        f"There is no buildpack {fetch.shown(named)}: name one of {', '.join(OWN)}, or give the https URL of one, of "
        "its git repository or of a .tgz file.",
    )


def _demand_fit(buildpack: Buildpack, workspace: Workspace) -> str:
    detected = _detect(buildpack, workspace)
    if detected is None:
        raise BuildError(
            ExitCode.NOT_COMPATIBLE,
            f"The {buildpack.name} buildpack does not fit this app: it found nothing to build. Name another one, or "
            "none.",
        )
    output.step(f"{detected} app detected")
    return detected


def _detect(buildpack: Buildpack, workspace: Workspace) -> str | None:
    """What the buildpack calls the app, or None. On stderr it may say why this is almost, but not quite, its app."""
    program = buildpack.folder / "bin/detect"
    if not program.is_file():
        return buildpack.name
    try:
        run = subprocess.run(
            [str(program), str(workspace.build)],
            cwd=buildpack.folder,
            env=workspace.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as exc:
        raise BuildError(
            ExitCode.BUILDPACK_UNKNOWN,
            f"bin/detect of the {buildpack.name} buildpack cannot be run ({exc.strerror}): it has to be an executable "
            "file.",
        ) from exc
    return (run.stdout.strip().splitlines() or [buildpack.name])[-1] if run.returncode == 0 else None


def _run(command: list[str], workspace: Workspace, *, at: Path) -> int:
    try:
        run = subprocess.run(command, cwd=at, env=workspace.environment(), stdin=subprocess.DEVNULL, check=False)
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
