"""No command is a string: there is nothing for a name, a ref or a URL to break out of."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("addon_broker", "bench", "buildpacks", "cli", "control", "examples", "jobs", "router")
PYTHON = [path for part in PARTS for path in (ROOT / part).rglob("*.py")]
SHELL = [
    path
    for part in PARTS
    for path in (ROOT / part).rglob("*")
    if path.is_file()
    and (
        path.suffix == ".sh"
        or path.read_bytes()[:30].startswith((b"#!/usr/bin/bash", b"#!/bin/bash", b"#!/usr/bin/env bash"))
    )
]
SHELLS = {"sh", "bash", "dash", "/bin/sh", "/bin/bash", "/usr/bin/bash", "/usr/bin/sh"}
BY_STRING = """
import os, subprocess
subprocess.run(name, shell=True)
subprocess.Popen("x " + name, shell=True)
os.system(name)
os.popen(name)
run(name, shell=True)
"""


def test_the_linter_refuses_commands_that_are_strings() -> None:
    """As it is configured here, for every file that is ours: nobody has turned its rules off."""
    for part in PARTS:
        command = [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--stdin-filename",
            f"{part}/planted.py",
            "--output-format=concise",
            "-",
        ]
        done = subprocess.run(command, input=BY_STRING, cwd=ROOT, capture_output=True, text=True, check=False)
        found = re.findall(r"planted\.py:(\d+):\d+: (S60[245])", done.stdout)

        assert {int(line) for line, _ in found} == {3, 4, 5, 6, 7}, part


def test_no_file_turns_those_rules_off() -> None:
    """By a comment."""
    exempt = [str(path) for path in PYTHON if re.search(r"noqa:[^\n]*\bS60[245]\b|ruff: noqa", path.read_text())]

    assert exempt == []


@pytest.mark.parametrize(
    "text", ['["sh", "-c", command]', '("bash", "-c", f"x {name}")', '["/bin/sh", "-ec", "x " + name]']
)
def test_a_script_made_of_parts_would_be_found(text: str) -> None:
    """What ruff has no rule for."""
    assert list(_scripts(ast.parse(text)))


def test_a_shells_script_is_a_constant() -> None:
    """Where a shell is run with `-c`, what comes from elsewhere goes in as arguments."""
    found = [f"{path}:{line}" for path in PYTHON for line in _scripts(ast.parse(path.read_text()))]

    assert found == []


def test_our_own_shell_scripts_evaluate_nothing() -> None:
    """No `eval`, and no variable outside of quotes where it would be split into words."""
    assert SHELL
    found = [str(path) for path in SHELL if re.search(r"^\s*eval\b|[;&|(]\s*eval\b", path.read_text(), re.MULTILINE)]

    assert found == []


def _scripts(tree: ast.AST) -> Iterator[int]:
    """Lines of argument lists that give a shell a script which is not written there whole."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.List | ast.Tuple):
            continue
        words = [each.value if isinstance(each, ast.Constant) else None for each in node.elts]
        for at, word in enumerate(words[:-1]):
            a_shell = SHELLS & {each for each in words[:at] if isinstance(each, str)}
            if a_shell and re.fullmatch(r"-\w*c", str(word)) and not isinstance(words[at + 1], str):
                yield node.lineno
