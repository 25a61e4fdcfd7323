"""What a Procfile may hold."""

from __future__ import annotations

import pytest

from buildpacks.slugc import procfile
from buildpacks.slugc.exit_codes import BuildError


def test_types_and_commands():
    """One `type: command` a line; comments, blank lines and Windows line ends do not matter."""
    text = "# what runs\r\nweb: gunicorn app:app --bind :$PORT\r\n\r\nworker-2 :python  work.py # not a comment\n"

    assert procfile.parse(text) == {
        "web": "gunicorn app:app --bind :$PORT",
        "worker-2": "python  work.py # not a comment",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web gunicorn", "Line 1 of the Procfile is wrong: `web gunicorn` is not `type: command`"),
        ("\nwéb: x", "Line 2"),
        ("web: a\nweb: b", "Line 2 of the Procfile is wrong: `web` is already declared above."),
        ("web:", "`web` has no command after the colon"),
        ("a.b: x", "letters, digits, - and _"),
        (f"{'w' * 64}: x", "Line 1"),
        ("web: a\x00b", "NUL"),
        ("\x1b[0m", r"`\?\[0m`"),
    ],
)
def test_a_wrong_line_is_named(text, said):
    """The message says which line and what about it."""
    with pytest.raises(BuildError, match=said):
        procfile.parse(text)


def test_no_procfile_is_no_error(tmp_path):
    """A buildpack may have default types."""
    assert procfile.read(tmp_path) is None


def test_a_byte_order_mark_does_not_matter(tmp_path):
    """Windows editors write one."""
    (tmp_path / "Procfile").write_text("\ufeffweb: x")

    assert procfile.read(tmp_path) == {"web": "x"}


@pytest.mark.parametrize(("content", "said"), [(b"web: \xff", "UTF-8"), (b"#" * 70_000, "64 kB")])
def test_what_is_no_text_is_refused(tmp_path, content, said):
    """A Procfile is a small text."""
    (tmp_path / "Procfile").write_bytes(content)

    with pytest.raises(BuildError, match=said):
        procfile.read(tmp_path)


@pytest.mark.parametrize("name", ["procfile", "PROCFILE", "Procfile.txt"])
def test_a_misspelt_procfile_is_found(tmp_path, name):
    """So that the error can name it."""
    (tmp_path / name).write_text("web: x")

    assert procfile.lookalike(tmp_path) == name
