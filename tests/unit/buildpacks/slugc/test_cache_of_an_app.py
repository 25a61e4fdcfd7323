"""The buildpacks' cache is kept for the next build, up to a size."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.slugc import slug

_MEGABYTE = 1 << 20


@pytest.mark.parametrize(("most", "kept"), [(4, True), (2, False)])
def test_a_cache_that_is_too_large_is_dropped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], most: int, *, kept: bool
) -> None:
    """With a warning that says how much it may be; the build goes on."""
    cache, archive = tmp_path / "cache", tmp_path / "cache.tar"
    cache.mkdir()
    (cache / "wheel").write_bytes(b"x" * 3 * _MEGABYTE)

    slug.save_cache(cache, archive, most=most * _MEGABYTE)

    assert archive.exists() is kept
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".partial"] == []
    assert ("more than the 2 MB that a build cache may have" in " ".join(capsys.readouterr().out.split())) is not kept
