"""What the folders of an instance hold."""

from __future__ import annotations

from pathlib import Path

from cli.platform.layout import merge_etc


def test_the_etc_of_several_stacks_leads_each_to_its_own(tmp_path: Path) -> None:
    """Links go to where every root keeps its files; a name that one stack lacks dangles there and harms nobody."""
    for name, entries in (("one", ("passwd", "ssl")), ("two", ("passwd", "perl"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hosts").write_text(name)
        for entry in entries:
            (tmp_path / name / entry).symlink_to(f"/usr/lib/nomapaas/etc/{entry}")

    merge_etc([tmp_path / "one", tmp_path / "two"], tmp_path / "both")

    assert {path.name for path in (tmp_path / "both").iterdir()} == {"hosts", "passwd", "ssl", "perl"}
    assert (tmp_path / "both/hosts").read_text() == "one"
    assert (tmp_path / "both/perl").readlink() == Path("/usr/lib/nomapaas/etc/perl")
