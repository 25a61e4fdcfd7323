"""A build cache serves builds on the stack that it was made on, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.slugc import slug


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """As the last build left it."""
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "wheels").mkdir()
    return folder


def test_the_same_stack_finds_its_cache(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Build after build."""
    for _ in range(2):
        slug.drop_cache_of_another_stack(cache, "nomapaas-13")

    assert (cache / "wheels").is_dir()
    assert capsys.readouterr().out == ""


def test_another_stack_starts_without_it_and_says_so(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There, and back again."""
    slug.drop_cache_of_another_stack(cache, "nomapaas-12")

    assert not (cache / "wheels").exists()
    assert "Stack has changed" in capsys.readouterr().out
    (cache / "wheels").mkdir()
    slug.drop_cache_of_another_stack(cache, "nomapaas-12")
    assert (cache / "wheels").is_dir()
    slug.drop_cache_of_another_stack(cache, "nomapaas-13")
    assert not (cache / "wheels").exists()


def test_an_empty_cache_needs_no_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first build of an app has none."""
    slug.drop_cache_of_another_stack(tmp_path, "nomapaas-12")

    assert capsys.readouterr().out == ""


def test_what_a_buildpack_put_in_the_marks_place_is_no_trouble(cache: Path) -> None:
    """The cache is the app's own, and may hold anything."""
    (cache / ".nomapaas-stack").mkdir()

    slug.drop_cache_of_another_stack(cache, "nomapaas-13")

    assert (cache / ".nomapaas-stack").read_text() == "nomapaas-13"
