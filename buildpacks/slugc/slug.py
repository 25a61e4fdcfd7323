"""Packs the built app into a slug, and the buildpacks' cache for the next build."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import output
from .exit_codes import BuildError, ExitCode

_MEGABYTE = 1024 * 1024
_STACK_MARK = ".nomapaas-stack"
_FIRST_STACK = "nomapaas-13"


def pack(build: Path, slug: Path, *, most: int) -> int:
    """Writes `slug`, a gzipped tarball of `./app/`; its size in bytes.

    The build folder moves: a tarball that renames on the fly would have to rewrite links.
    """
    holder = build.with_name(f"{build.name}.slug")
    holder.mkdir()
    build.rename(holder / "app")
    _tar(["--use-compress-program", _compressor(), "--file", str(slug), "--directory", str(holder), "./app"])
    size = slug.stat().st_size
    if size > most:
        slug.unlink()
        raise BuildError(
            ExitCode.SLUG_TOO_LARGE,
            f"The compiled slug has {megabytes(size)}, more than the {most // _MEGABYTE} MB that a slug may have: list "
            "what the app does not need in .slugignore.",
        )
    return size


def restore_cache(archive: Path, cache: Path) -> None:
    """Unpacks the last build's cache. Without one, or with a damaged one, the build starts with an empty folder."""
    cache.mkdir()
    if not archive.is_file() or archive.stat().st_size == 0:
        return
    run = subprocess.run(
        [
            "tar",
            "--extract",
            "--file",
            str(archive),
            "--directory",
            str(cache),
            "--no-same-owner",
            "--delay-directory-restore",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        output.warning("The build cache was damaged, so this build starts without it.")
        shutil.rmtree(cache)
        cache.mkdir()


def drop_cache_of_another_stack(cache: Path, stack_name: str) -> None:
    """Empties the cache when the last build was on another stack: what was compiled there need not run here.

    A cache that says nothing was made on the only stack that there was.
    """
    mark = cache / _STACK_MARK
    made_on = _FIRST_STACK
    if mark.exists():
        made_on = mark.read_text(errors="replace") if mark.is_file() else "something else"
    if made_on != stack_name and any(cache.iterdir()):
        output.step("Stack has changed, so this build starts without the cache of the last one")
        shutil.rmtree(cache)
        cache.mkdir()
    mark.unlink(missing_ok=True)
    mark.write_text(stack_name)


def save_cache(cache: Path, archive: Path, *, most: int) -> None:
    """Packs the cache, uncompressed: it only ever travels on this machine. One of more than `most` bytes is dropped."""
    partial = archive.with_suffix(".partial")
    try:
        _tar(["--file", str(partial), "--directory", str(cache), "."])
    except BuildError as exc:
        partial.unlink(missing_ok=True)
        output.warning(f"The build cache was not kept: {exc}")
        return
    size = partial.stat().st_size
    if size > most:
        partial.unlink()
        output.warning(
            f"The build cache was not kept: it has {megabytes(size)}, more than the {most // _MEGABYTE} MB that a "
            "build cache may have."
        )
        return
    partial.rename(archive)


def megabytes(size: int) -> str:
    """A size as Heroku prints it, `31.4M` or `12K`."""
    return f"{size / _MEGABYTE:.1f}M" if size >= _MEGABYTE else f"{-(-size // 1024)}K"


def _compressor() -> str:
    if (os.cpu_count() or 1) > 1 and shutil.which("pigz"):
        return "pigz -1 -n"
    return "gzip -1 -n"


def _tar(arguments: list[str]) -> None:
    fixed = ["--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu", "--mode=u+rw,go-w"]
    run = subprocess.run(["tar", *fixed, *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        said = " ".join(run.stderr.split())[:300]
        if "No space left" in run.stderr:
            raise BuildError(ExitCode.DISK_FULL, "The build's disk is full: the app and what it builds are too large.")
        raise BuildError(ExitCode.INTERNAL, f"The slug cannot be packed: {said}")
