"""Buildpacks of others: fetched inside the sandbox from the URL that the user named, and run as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from . import archive, fetch, git
from .exit_codes import BuildError, ExitCode
from .inputs import MEGABYTE, Inputs

_MAX_BYTES = 200 * MEGABYTE
_TARBALLS = (".tgz", ".tar.gz")


def fetched(named: str, number: int, inputs: Inputs, env: Mapping[str, str]) -> Path:
    """The folder of a buildpack: of a git repository (`URL#ref`), or of a tarball when the path ends as one does.

    Raises:
        BuildError: The URL is refused or does not answer, or what is there is no buildpack.
    """
    url, _, ref = named.partition("#")
    target = inputs.scratch / f"buildpack-{number}"
    if _is_tarball(url):
        _unpack(url, target, private=inputs.private_fetch)
    else:
        git.clone(git.Repository(url=url, ref=ref), target, private=inputs.private_fetch, env=env)
    if not (target / "bin/compile").is_file():
        raise BuildError(
            ExitCode.BUILDPACK_UNKNOWN, f"{fetch.shown(named)} is no buildpack: it has no bin/compile. Check the URL."
        )
    return target


def _is_tarball(url: str) -> bool:
    try:
        return urlsplit(url).path.endswith(_TARBALLS)
    except ValueError:
        return False


def _unpack(url: str, target: Path, *, private: bool) -> None:
    tarball = target.with_suffix(".tgz")
    fetch.download(url, tarball, limit=_MAX_BYTES, private=private, code=ExitCode.BUILDPACK_UNREACHABLE)
    try:
        archive.refuse(archive.unpack(tarball, target, archive.Limits()))
    except BuildError as exc:
        # The checks are those of a source, and so are their words.
        said = str(exc).replace("The source", f"The buildpack {fetch.shown(url)}", 1)
        raise BuildError(ExitCode.BUILDPACK_UNKNOWN, said) from exc
    tarball.unlink()
    if (target / "compile").is_file():
        # A buildpack of nothing but `bin` looks like a tarball with one folder around everything.
        inner = target.with_name(f"{target.name}.bin")
        target.rename(inner)
        target.mkdir()
        inner.rename(target / "bin")
