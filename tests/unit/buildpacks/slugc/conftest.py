"""Tarballs, and builds without a sandbox."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buildpacks.slugc.inputs import Inputs

Member = tarfile.TarInfo


@pytest.fixture
def write_tar(tmp_path: Path) -> Callable[..., Path]:
    """Writes a gzipped tarball: file contents by name, then members that need more than a content."""

    def write(files: Mapping[str, str], *members: Member) -> Path:
        path = tmp_path / "source.tgz"
        with tarfile.open(path, "w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name.removesuffix("!"))
                member.size, member.mode = len(text), 0o755 if name.endswith("!") else 0o644
                member.mtime = 1_000_000_000
                tar.addfile(member, io.BytesIO(text.encode()))
            for member in members:
                tar.addfile(member)
        return path

    return write


@pytest.fixture
def member() -> Callable[..., Member]:
    """A member of another kind than a file."""

    def make(name: str, kind: bytes, **fields: Any) -> Member:
        made = tarfile.TarInfo(name)
        made.type = kind
        for field, value in fields.items():
            setattr(made, field, value)
        return made

    return make


@pytest.fixture
def inputs(tmp_path: Path, write_tar: Callable[..., Path]) -> Callable[..., Inputs]:
    """Inputs of a build of some files in folders of its own."""
    for name in ("scratch", "own"):
        (tmp_path / name).mkdir(exist_ok=True)

    def make(files: Mapping[str, str], **changed: Any) -> Inputs:
        made = Inputs(
            source=write_tar(files),
            cache=tmp_path / "cache.tar",
            out=tmp_path / "out",
            scratch=tmp_path / "scratch",
            app=tmp_path / "app",
            own_buildpacks=tmp_path / "own",
            timeout_s=30,
        )
        return replace(made, **changed)

    return make


@pytest.fixture
def own_buildpack(tmp_path: Path) -> Callable[..., None]:
    """Writes one of our own buildpacks, of three one-line programs."""

    def write(name: str, *, detect: str, compile_: str = "true", release: str = "true", export: str = "") -> None:
        programs = tmp_path / "own" / name / "bin"
        programs.mkdir(parents=True)
        for program, body in (("detect", detect), ("compile", compile_), ("release", release)):
            path = programs / program
            path.write_text(f"#!/bin/bash\nset -e\n{body}\n")
            path.chmod(0o755)
        if export:
            (programs.parent / "export").write_text(export)

    return write
