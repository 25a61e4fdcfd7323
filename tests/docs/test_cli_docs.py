"""docs/cli.md has every command, every alias and every option of the CLI."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from cli.registry import ALIASES, ENTRIES, load

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", DOCUMENT, re.DOTALL | re.MULTILINE))
CONVENTIONS = DOCUMENT.partition("## What a push sends")[0]


@pytest.mark.parametrize("name", ENTRIES)
def test_every_command_has_a_section_with_an_example(name):
    """A heading with its name, and a line to copy."""
    assert re.search(rf"^\$ .*nomapaas {re.escape(name)}\b", SECTIONS[name], re.MULTILINE)


@pytest.mark.parametrize("name", ENTRIES)
def test_every_option_is_in_its_commands_section(name):
    """In all its spellings; --app, --remote, --no-color and --help are explained once for all."""
    for option in load(name).params:
        if isinstance(option, click.Option):
            missing = [word for word in option.opts if f"`{word}" not in SECTIONS[name] + CONVENTIONS]
            assert missing == []


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_is_in_its_commands_section(alias):
    """Whoever comes from Heroku finds the name that they know."""
    assert f"`{alias}`" in SECTIONS[ALIASES[alias]]


def test_no_section_is_left_of_a_command_that_is_gone():
    """The document names no command that there is not."""
    assert set(SECTIONS) == set(ENTRIES)


def test_every_variable_that_the_cli_reads_is_explained():
    """What is read from the environment is in the document."""
    source = "\n".join(file.read_text(encoding="utf-8") for file in Path(__file__).parents[2].glob("cli/*.py"))
    names = set(re.findall(r'variables\.get\("([A-Z_]+)"', source)) - {"HOME"}

    assert names
    assert {name for name in names if name not in DOCUMENT} == set()
