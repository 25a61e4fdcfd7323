"""One build, from the source tarball to the slug."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from . import app_json, archive, buildpack, fetch, output, procfile, prune, slug
from .buildpack import Workspace
from .exit_codes import BuildError, ExitCode
from .inputs import Inputs, read

CONFIG_DESCRIPTOR = 3
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_SOURCE_MAX_SHARE = 2


class _OutOfTimeError(Exception):
    """Raised by the alarm clock."""


def main() -> int:
    """Runs the build that the job's environment describes; its exit status."""
    os.umask(0o022)
    inputs = read(os.environ, _config(), runner=Path(__file__).resolve().parent.parent)
    return run(inputs)


def run(inputs: Inputs) -> int:
    """Builds, and says in one sentence why when it cannot."""
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(inputs.timeout_s)
    reports: dict[str, str] = {}
    try:
        _build(inputs, reports)
    except BuildError as exc:
        return _failed(inputs, exc, reports)
    except _OutOfTimeError:
        message = (
            f"The build took longer than its {_duration(inputs.timeout_s)} and was stopped: see above what it was at, "
            "make that shorter, or ask for a higher NOMAPAAS_BUILD_TIMEOUT of the platform."
        )
        return _failed(inputs, BuildError(ExitCode.OUT_OF_TIME, message), reports)
    except OSError as exc:
        if exc.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        message = "The build's disk is full: the app and what it builds are too large."
        return _failed(inputs, BuildError(ExitCode.DISK_FULL, message), reports)
    finally:
        signal.alarm(0)
        _forget_config(inputs)
    return ExitCode.OK


def _forget_config(inputs: Inputs) -> None:
    """The config vars lay in files for the buildpacks; the folder of a build stays on the node for a while."""
    for folder in inputs.scratch.glob("env_*"):
        shutil.rmtree(folder, ignore_errors=True)


def _failed(inputs: Inputs, error: BuildError, reports: dict[str, str]) -> int:
    """Says why, to the user and (in place of a result) to the platform."""
    output.error(str(error))
    (inputs.out / "slug.tgz").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        _leave(inputs, {"failure_message": str(error), "exit_code": error.code, "reports": reports})
    return error.code


def _leave(inputs: Inputs, result: Mapping[str, Any]) -> None:
    """The platform reads the result as soon as it is there, so it comes in one piece."""
    partial = inputs.out / "result.json.partial"
    partial.write_text(json.dumps(result, ensure_ascii=False, indent=2))
    partial.rename(inputs.out / "result.json")


def _build(inputs: Inputs, reports: dict[str, str]) -> None:
    started = time.monotonic()
    inputs.out.mkdir(parents=True, exist_ok=True)
    inputs.app.mkdir(exist_ok=True)
    build = inputs.scratch / f"build_{secrets.token_hex(4)}"
    output.step(f"Building on the {inputs.stack_name} stack")
    _unpack(inputs, build)
    wanted = app_json.read(build) or app_json.AppJson()
    workspace = _workspace(inputs, build)
    if inputs.first:
        app_json.provide(wanted, inputs.config, workspace.env_dir)
    slug.restore_cache(inputs.cache, workspace.cache)
    slug.drop_cache_of_another_stack(workspace.cache, inputs.stack_name)
    wished = wanted.buildpacks if inputs.first else ()
    for chosen in buildpack.choose(inputs, workspace, wished=wished):
        buildpack.compile_app(chosen[0], workspace, reports)
    last, detected = chosen
    types = _process_types(build, buildpack.process_types(last, workspace))
    output.step("Compressing...")
    size = slug.pack(build, inputs.out / "slug.tgz", most=inputs.slug_max_bytes)
    output.detail(f"Done: {slug.megabytes(size)}")
    slug.save_cache(workspace.cache, inputs.out / "cache.tar", most=inputs.cache_max_bytes)
    result = {
        "process_types": types,
        "buildpack_provided_description": detected,
        "reports": reports,
        "app_json": wanted.result(first=inputs.first),
        "slug_bytes": size,
        "build_seconds": round(time.monotonic() - started, 3),
    }
    _leave(inputs, result)


def _unpack(inputs: Inputs, build: Path) -> None:
    source = inputs.source
    most = inputs.disk_bytes // _SOURCE_MAX_SHARE
    if inputs.source_url:
        source = inputs.scratch / "source.tgz"
        output.step("Fetching the source")
        code = ExitCode.SOURCE_MISSING
        fetch.download(inputs.source_url, source, limit=most, private=inputs.private_fetch, code=code)
    if not source.is_file():
        raise BuildError(
            ExitCode.SOURCE_MISSING, "The build got no source: the platform did not hand it over. Push again."
        )
    leaving = archive.unpack(source, build, archive.Limits(total_bytes=most))
    environments = prune.virtual_environments(build)
    for name in environments:
        output.warning(
            f"{ascii(name)[1:-1]} is a virtual environment of another machine: left out. List it in .gitignore."
        )
    removed = prune.slugignore(build)
    if removed:
        output.detail(f"{removed} {'entry' if removed == 1 else 'entries'} of .slugignore left out")
    archive.refuse([link for link in leaving if (build / link.path).parent.is_dir()])
    _date(build)
    if not any(entry.name != prune.NAME for entry in build.iterdir()):
        raise BuildError(ExitCode.SOURCE_EMPTY, "The source is empty: push the folder that holds the app.")


def _date(build: Path) -> None:
    """Makes every file of the source as old as this build.

    `push` sends all of them with one fixed time, so that an equal source has an equal digest. A server that makes an
    ETag or Last-Modified of it would tell a browser that a changed file is still the one of before.
    """
    now = time.time()
    for folder, _, names in os.walk(build):
        for name in names:
            os.utime(Path(folder, name), (now, now), follow_symlinks=False)


def _workspace(inputs: Inputs, build: Path) -> Workspace:
    env_dir = inputs.scratch / f"env_{secrets.token_hex(4)}"
    env_dir.mkdir(mode=0o700)
    for name, value in inputs.config.items():
        if "/" not in name and name not in {".", ".."}:
            (env_dir / name).write_bytes(os.fsencode(value))
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "SSL_CERT_FILE": _BUNDLE,
        "PIP_CERT": _BUNDLE,
        "REQUESTS_CA_BUNDLE": _BUNDLE,
        "NODE_EXTRA_CA_CERTS": _BUNDLE,
        **inputs.build_env,
        "HOME": str(inputs.app),
        "TMPDIR": str(inputs.scratch),
        "STACK": inputs.stack,
        "SOURCE_VERSION": inputs.source_version,
        "REQUEST_ID": inputs.request_id,
    }
    return Workspace(build=build, cache=inputs.scratch / f"cache_{secrets.token_hex(4)}", env_dir=env_dir, env=env)


def _process_types(build: Path, defaults: dict[str, str]) -> dict[str, str]:
    output.step("Discovering process types")
    declared = procfile.read(build)
    if declared:
        output.detail(f"Procfile declares types -> {', '.join(sorted(declared))}")
    added = {kind: command for kind, command in defaults.items() if kind not in (declared or {})}
    if added:
        output.detail(f"Default types for the buildpack -> {', '.join(sorted(added))}")
    types = {**added, **(declared or {})}
    if types:
        return types
    if declared is not None:
        raise BuildError(
            ExitCode.NO_PROCESSES,
            "The Procfile declares no process: add a line such as `web: ./serve --port $PORT`.",
        )
    meant = procfile.lookalike(build)
    if meant:
        raise BuildError(
            ExitCode.NO_PROCESSES, f"This app has no Procfile, but a file {ascii(meant)[1:-1]}: rename it to Procfile."
        )
    raise BuildError(
        ExitCode.NO_PROCESSES,
        "This app has no Procfile, so nothing would run: add a file named Procfile with a line such as "
        "`web: ./serve --port $PORT`.",
    )


def _config() -> bytes:
    with contextlib.suppress(OSError), os.fdopen(CONFIG_DESCRIPTOR, "rb") as file:
        return file.read()
    return b""


def _out_of_time(_signal: int, _frame: FrameType | None) -> None:
    raise _OutOfTimeError


def _duration(seconds: int) -> str:
    return f"{seconds // 60} minutes" if seconds >= 120 and seconds % 60 == 0 else f"{seconds} seconds"


if __name__ == "__main__":
    sys.exit(main())
