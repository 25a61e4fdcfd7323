"""The parts of the compiler that are one function or two."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from buildpacks.slugc import inputs, prune, release_yaml, slug


def test_config_values_are_exact():
    """A value may hold newlines, quotes, `$`, `=`, and bytes that are no UTF-8."""
    config = inputs.parse_config(b"A=1\n'\"$x\0B==\0\0C=\0no-equals\0=no-name\0D=\xff\0")

    assert config == {"A": "1\n'\"$x", "B": "=", "C": "", "D": os.fsdecode(b"\xff")}


def test_the_environment_of_a_build_is_decoded():
    """What Nomad must not interpolate comes as base64."""
    encoded = {
        "NOMAPAAS_BUILDPACKS": base64.b64encode(json.dumps(["python"]).encode()).decode(),
        "NOMAPAAS_BUILD_ENV": base64.b64encode(b'{"UV_INDEX": "${x}"}').decode(),
        "NOMAPAAS_SOURCE_URL": base64.b64encode(b"https://example.com/a.tgz").decode(),
        "NOMAPAAS_SLUG_MAX_MB": "7",
        "NOMAPAAS_BUILD_CACHE_MB": "9",
        "NOMAPAAS_BUILD_TIMEOUT": "60",
        "NOMAD_ALLOC_DIR": "/shared",
    }

    read = inputs.read(encoded, b"A=1\0", runner=Path("/nomapaas"))

    assert read.buildpacks == ("python",)
    assert read.build_env == {"UV_INDEX": "${x}"}
    assert read.source_url == "https://example.com/a.tgz"
    assert read.slug_max_bytes == 7 * 1024 * 1024
    assert read.cache_max_bytes == 9 * 1024 * 1024
    assert read.timeout_s == 60
    assert read.out == Path("/shared/out")
    assert read.config == {"A": "1"}


@pytest.mark.parametrize(
    ("printed", "types"),
    [
        ("--- {}\n", {}),
        (
            "---\naddons:\n  - x\ndefault_process_types:\n  web: bin/web $PORT\n  worker: 'it''s'\n",
            {"web": "bin/web $PORT", "worker": "it's"},
        ),
        ('default_process_types:\n  web: "a \\"b\\""\nconfig_vars:\n  web: no\n', {"web": 'a "b"'}),
        ('default_process_types: {"web": "x"}', {"web": "x"}),
        ("default_process_types:\n  web: x # said\n", {"web": "x"}),
        ("nonsense", {}),
    ],
)  # fmt: skip
def test_default_process_types(printed, types):
    """The YAML that buildpacks print in practice is understood."""
    assert release_yaml.default_process_types(printed) == types


def test_slugignore(tmp_path):
    """A name matches anywhere, a path from the top, a trailing slash folders only; nothing is negated."""
    for name in ("docs/a.md", "src/docs/b", "a.psd", "src/b.psd", "keep/a.txt", "only/deep/x", "tmp", "src/tmp/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / ".slugignore").write_text("# comment\n/docs\n*.psd\nonly/deep\ntmp/\n!keep\n")

    removed = prune.slugignore(tmp_path)

    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == [".slugignore", "keep/a.txt", "src/docs/b", "tmp"]
    assert removed == 5


def test_slugignore_is_not_followed_out_of_the_source(tmp_path):
    """A link to a folder is removed itself."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/link").symlink_to(tmp_path / "outside")
    (tmp_path / "b/.slugignore").write_text("link\nfile\n")

    prune.slugignore(tmp_path / "b")

    assert (tmp_path / "outside/file").exists()


def test_environments_of_another_machine_are_left_out(tmp_path):
    """A folder pushed without git often holds one."""
    for name in (".venv", "backend/env"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "pyvenv.cfg").write_text("")

    assert prune.virtual_environments(tmp_path) == [".venv", "backend/env"]
    assert not (tmp_path / ".venv").exists()
    assert (tmp_path / "backend").is_dir()


@pytest.mark.parametrize(("size", "shown"), [(100, "1K"), (20_000, "20K"), (2_662_936, "2.5M")])
def test_sizes(size, shown):
    """Sizes are for people."""
    assert slug.megabytes(size) == shown
