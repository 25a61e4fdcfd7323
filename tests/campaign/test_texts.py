"""What people write: names, refs, URLs, Procfiles, config, Range headers, results of builds, lines of a log.

Each parser takes it or refuses it in a sentence. What it takes can do no harm further on: in a shell's word, in a DNS
label, in an environment, in a log, on a terminal.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st

from buildpacks.slugc import app_json, git, procfile, release_yaml
from buildpacks.slugc.exit_codes import BuildError
from buildpacks.slugc.inputs import parse_config
from control.api import ranges
from control.api.signing import Signer
from control.domain.apps import check_name
from control.domain.buildpacks import check_buildpack
from control.domain.config_vars import merge
from control.domain.rules import BrokenRule
from control.domain.slugs import check_checksum, check_process_types
from control.errors import PlatformError, RangeNotSatisfiable
from control.node import results
from control.settings import Secret, Settings
from control.worker.build_result import BuildFailed, read_result
from jobs import spec
from tests.campaign.texts import OBEYED, TEXTS, Run, run

__all__ = ["run"]

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=10,
)


def _sentence(error: Exception) -> None:
    text = str(error)
    assert text.endswith((".", "`")), text
    assert OBEYED.search(text) is None, text


def _hides(values: Iterable[object], said: str) -> None:
    """Short values may stand in any sentence."""
    assert [value for value in values if isinstance(value, str) and len(value) > 30 and value in said] == []


def test_app_names(run: Run) -> None:
    """One is a DNS label, a word of a shell, and no option."""

    def take(text: str) -> None:
        try:
            name = check_name(text)
        except BrokenRule as exc:
            _sentence(exc)
        else:
            assert shlex.quote(name) == name
            assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])", name, re.ASCII)

    run(st.one_of(TEXTS, st.from_regex(r"\A[a-z0-9-]{2,32}\n?\Z")), take)


def test_git_refs_and_buildpack_urls(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What git is given after a ref was taken is no option and no other transport."""
    given_: list[str] = []
    monkeypatch.setattr(git, "_clone", lambda repository, *_, **__: given_.append(repository.ref))

    def take(text: str) -> None:
        try:
            url, _, ref = check_buildpack(text).partition("#")
        except BrokenRule as exc:
            _sentence(exc)
            url, ref = "https://a.test/x", text
        try:
            git.clone(git.Repository(url=url, ref=ref), tmp_path, private=False, env={})
        except BuildError as exc:
            _sentence(exc)
        for each in given_:
            assert not each.startswith("-")
            assert shlex.quote(each) == each or each == ""
        given_.clear()

    run(st.one_of(TEXTS, TEXTS.map(lambda text: f"https://a.test/x#{text}")), take)


def test_procfiles(run: Run) -> None:
    """What is taken is taken again, word by word, and the platform takes it, too."""

    def take(text: str) -> None:
        try:
            types = procfile.parse(text)
        except BuildError as exc:
            _sentence(exc)
            return
        assert procfile.parse("".join(f"{kind}: {command}\n" for kind, command in types.items())) == types
        if types:
            assert check_process_types(types) == types

    lines = st.lists(st.one_of(TEXTS, TEXTS.map(lambda text: f"web: {text}")), max_size=4)
    run(st.one_of(TEXTS, lines.map("\n".join)), take)


def test_what_a_buildpack_declares(run: Run) -> None:
    """`bin/release` of anybody's buildpack: texts, or nothing."""

    def take(text: str) -> None:
        types = release_yaml.default_process_types(f"default_process_types:\n{text}")
        assert all(isinstance(kind, str) and isinstance(command, str) for kind, command in types.items())

    run(st.one_of(TEXTS, TEXTS.map(lambda text: f'  web: "{text}"\n  {text}: x')), take)


def test_app_json(run: Run, tmp_path: Path) -> None:
    """A file of the tenant's."""

    def take(value: Any) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        (tmp_path / app_json.NAME).write_bytes(content)
        try:
            found = app_json.read(tmp_path)
        except BuildError as exc:
            _sentence(exc)
        else:
            assert found is not None
            json.dumps(found.result(first=True))

    names = st.sampled_from(
        ("env", "formation", "buildpacks", "scripts", "healthchecks", "cron", "stack", "name", "addons")
    )
    inner = st.one_of(JSON, st.dictionaries(TEXTS, JSON, max_size=3), st.lists(JSON, max_size=3))
    run(st.one_of(st.binary(max_size=30), JSON, st.dictionaries(names, inner, max_size=5)), take)


def test_results_of_builds(run: Run) -> None:
    """The worker reads it, and a hostile buildpack has written it."""
    chosen = Settings(home=Path("/nonexistent"), database_url="sqlite://")

    def take(value: dict[str, Any]) -> None:
        plain = results.parse(json.dumps(value).encode())
        if plain is None:
            return
        try:
            found = read_result(plain, chosen)
        except (BuildFailed, BrokenRule) as exc:
            _sentence(exc)
        else:
            for command in found.process_types.values():
                spec.encoded(command)

    fields = {
        "process_types": st.one_of(JSON, st.dictionaries(st.sampled_from(("web", "a b", "x" * 99)), TEXTS, max_size=3)),
        "buildpack_provided_description": JSON,
        "app_json": st.one_of(JSON, st.dictionaries(st.sampled_from(("env", "formation", "healthchecks", "postdeploy",
                                                                     "buildpacks", "cron")), JSON)),
        "reports": JSON,
        "slug_bytes": JSON,
    }  # fmt: skip
    run(st.fixed_dictionaries({}, optional=fields), take)


def test_config_vars(run: Run) -> None:
    """What Vault is given is what a process gets, and no refusal shows a value."""

    def take(changes: dict[str, Any]) -> None:
        try:
            kept = merge({}, changes)
        except BrokenRule as exc:
            _sentence(exc)
            # A refusal names the var that it refuses; a value that stands in a name as well is shown by that.
            _hides((each for each in changes.values() if not any(str(each) in key for key in changes)), str(exc))
            return
        handed = b"".join(f"{name}={value}".encode() + b"\0" for name, value in kept.items())
        assert parse_config(handed) == kept

    keys = st.one_of(TEXTS, st.from_regex(r"\A[A-Z_]{1,9}\Z"))
    run(st.dictionaries(keys, st.one_of(TEXTS, st.none(), st.integers()), max_size=4), take)


def test_commands(run: Run) -> None:
    """Nomad would interpolate `${…}`; it finds none."""

    def take(text: str) -> None:
        assert re.fullmatch(r"[A-Za-z0-9+/=]*", spec.encoded(text))

    run(TEXTS.filter(lambda text: text.encode("utf-8", "ignore").decode() == text), take)


def test_checksums_and_signed_addresses(run: Run) -> None:
    """Refused, or as it should be."""
    signer = Signer(Secret("0" * 64), log_life=60)

    def take(text: str) -> None:
        for check in (check_checksum, signer.open_output, signer.open_log):
            try:
                found = check(text)
            except (BrokenRule, PlatformError) as exc:
                _sentence(exc)
            else:
                assert check is check_checksum
                assert found is None or re.fullmatch("[0-9a-f]{64}", str(found))

    # A path never holds half of a surrogate pair: the web server's decoding sees to that.
    run(TEXTS.filter(lambda text: "\ud800" not in text and text.isprintable()), take)


def test_range_headers(run: Run) -> None:
    """A page, or a sentence; from page to page every row comes once."""
    rows = [(str(UUID(int=number * 7919 % 23)), number) for number in range(23)]
    keys: dict[str, Callable[[tuple[str, int]], Any]] = {"id": lambda row: row[0], "version": lambda row: row[1]}

    def take(header: str) -> None:
        seen: list[tuple[str, int]] = []
        asked: str | None = header
        while asked is not None:
            try:
                page = ranges.page(rows, asked, keys)
            except RangeNotSatisfiable as exc:
                _sentence(exc)
                assert asked == header, exc  # noqa: PT017 - a page's own Next-Range has to be taken
                return
            seen += page.rows
            asked = page.next_range
            assert len(seen) <= len(rows)
        assert len(set(seen)) == len(seen)

    grammar = st.from_regex(
        r"\A(id|version)? ?\]?[0-9a-f]{0,4}\.\.[0-9a-f]{0,4}; ?max=[0-9]{1,3}(, ?order=(de|a)sc)?\Z"
    )
    run(st.one_of(TEXTS, grammar), take)
