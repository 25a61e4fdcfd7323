"""The router's page says what the router does."""

from __future__ import annotations

import re
from pathlib import Path

from router.render import HERE

PAGE = (Path(__file__).parents[3] / "docs" / "routing.md").read_text()


def test_every_code_is_documented_as_it_is() -> None:
    """Status and words of each code are in the table, and no other code is."""
    source = (HERE / "lua" / "codes.lua").read_text()
    codes = re.findall(r'(H\d\d) = \{ status = (\d+), desc = "([^"]+)"', source)

    assert list(re.findall(r"^\| (H\d\d) \| (\d+) \| ([^|]+) \|", PAGE, re.MULTILINE)) == codes


def test_every_setting_is_documented() -> None:
    """Each variable that the router reads has its line."""
    names = set(re.findall(r"NOMAPAAS_ROUTER(_\w+)", (HERE / "settings.py").read_text()))

    assert not [name for name in names if name not in PAGE]
