"""Vault's first minutes, as far as they can be had without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.platform import files
from cli.platform.instance import Instance
from cli.platform.vault import Vault


@pytest.fixture
def vault(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setattr("os.chown", lambda *_: None)
    monkeypatch.setattr("cli.platform.files.user_ids", lambda _: (0, 0))
    for folder in (instance.secrets, instance.etc / "vault", instance.home / "vault"):
        folder.mkdir(parents=True)
    return Vault(instance)


def test_a_vault_whose_key_was_never_written_is_thrown_away(vault: Vault, instance: Instance) -> None:
    """Killed between Vault's answer and the file: nothing was ever in it."""
    (instance.secrets / "vault-init-pending").write_text("")
    (instance.home / "vault" / "raft.db").write_text("sealed for ever")

    assert vault.interrupted()
    vault.forget_interrupted()

    assert not (instance.home / "vault" / "raft.db").exists()
    assert not vault.interrupted()


def test_a_vault_whose_key_is_known_is_never_thrown_away(vault: Vault, instance: Instance) -> None:
    """Killed between the file and the end: the key opens it."""
    (instance.secrets / "vault-init-pending").write_text("")
    files.write_json(instance.secrets / "vault.json", {"unseal_key": "k"})

    assert not vault.interrupted()


def test_the_unsealer_gets_the_key_and_nobody_else(vault: Vault, instance: Instance) -> None:
    """A file of its own, readable by its owner alone."""
    files.write_json(instance.secrets / "vault.json", {"unseal_key": "k"})

    vault.hand_out_key()

    path = instance.etc / "vault" / "unseal.key"
    assert path.read_text() == "k\n"
    assert Path(path).stat().st_mode & 0o777 == 0o400


def test_a_full_disk_cannot_stop_vault(vault: Vault) -> None:
    """Beside the audit file there is a device that can always write."""
    devices = [body["options"]["file_path"] for _, _, body in vault._wanted()["audit"]]

    assert len(devices) == 2
    assert "discard" in devices
