"""Admins and passwords."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from argon2 import PasswordHasher

from control import admin
from control.adapters.state_store import SqlStateStore
from control.domain.accounts import Account
from control.errors import InvalidParams, RateLimited, Unauthorized
from control.services.accounts import Login, Passwords, ensure_admin

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_ensure_admin_is_idempotent(plane: Any) -> None:
    """The first call makes an admin with a random password, the next ones change nothing."""
    account, password = ensure_admin(plane.state, plane.clock, plane.passwords, email="Root@Example.com")
    assert (account.email, account.admin) == ("root@example.com", True)
    assert password is not None

    again = ensure_admin(plane.state, plane.clock, plane.passwords, email="root@example.com")
    assert again == (account, None)
    login = Login(plane.state, plane.clock, plane.passwords, attempts=3)
    assert login("root@example.com", password, remote=None) == account


def test_a_given_password_replaces_the_old_one(plane: Any) -> None:
    """An admin who lost the password gives a new one; a short one is refused."""
    ensure_admin(plane.state, plane.clock, plane.passwords, email="root@example.com", password="first password")
    ensure_admin(plane.state, plane.clock, plane.passwords, email="root@example.com", password="second password")
    login = Login(plane.state, plane.clock, plane.passwords, attempts=3)

    assert login("root@example.com", "second password", remote=None)
    with pytest.raises(Unauthorized):
        login("root@example.com", "first password", remote=None)
    with pytest.raises(InvalidParams, match="8 characters"):
        ensure_admin(plane.state, plane.clock, plane.passwords, email="root@example.com", password="short")


def test_an_account_becomes_admin(plane: Any) -> None:
    """`ensure` makes an account that exists an admin and keeps its password."""
    before = plane.account("ada@example.com")

    account, password = ensure_admin(plane.state, plane.clock, plane.passwords, email="ada@example.com")

    assert (account.admin, password, account.password_hash) == (True, None, before.password_hash)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m control.admin ensure` makes the schema, the admin and a token, and prints them as JSON."""
    monkeypatch.setenv("NOMAPAAS_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'state.db'}")

    assert admin.main(["migrate"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema": "up to date"}
    assert admin.main(["ensure", "--email", "root@example.com", "--token", "first"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made.keys() == {"id", "email", "password", "token"}
    assert admin.main(["ensure", "--email", "root@example.com"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": made["id"], "email": "root@example.com"}
    assert admin.main(["ensure", "--email", "nonsense"]) == 1
    assert "must look like" in capsys.readouterr().err
    state = SqlStateStore(f"sqlite:///{tmp_path / 'state.db'}")
    with state.view() as work:
        assert work.accounts.by_email("root@example.com").admin
    state.close()


def test_many_guesses_at_once_are_no_more_guesses(plane: Any) -> None:
    """Guesses that are made at the same time are counted before any of them is checked."""
    plane.account("ada@example.com")
    all_in = Barrier(3)

    class SlowPasswords(Passwords):
        def matches(self, account: Account | None, password: str) -> bool:
            all_in.wait(timeout=5)
            return super().matches(account, password)

    login = Login(plane.state, plane.clock, SlowPasswords(HASHER), attempts=3)

    def guess(number: int) -> type[Exception]:
        with pytest.raises((Unauthorized, RateLimited)) as caught:
            login("ada@example.com", f"guess {number}", remote="192.0.2.1")
        return caught.type

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(8)))

    assert sorted(kind.__name__ for kind in outcomes) == ["RateLimited"] * 5 + ["Unauthorized"] * 3
