"""The systemd unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.platform import boot
from cli.platform.instance import Instance
from cli.platform.problem import Problem


def test_the_unit_starts_and_stops_this_instance(instance: Instance) -> None:
    """It names HOME alone: the other settings are remembered there."""
    text = boot.unit(instance)

    assert f"Environment=NOMAPAAS_HOME={instance.home}\n" in text
    assert "/nomapaas up\n" in text
    assert "/nomapaas down\n" in text


def test_each_instance_has_a_unit_of_its_own() -> None:
    """The default one has the plain name."""
    assert boot.unit_name(Instance.from_env({})) == "nomapaas.service"
    assert boot.unit_name(Instance.from_env({"NOMAPAAS_PORT_BASE": "9000"})) == "nomapaas-9000.service"


def test_without_systemd_the_sentence_says_what_to_do_instead(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(Problem, match="call `nomapaas up`"):
        boot.require_systemd(tmp_path / "none")


def test_a_unit_of_another_instance_is_not_removed(instance: Instance, tmp_path: Path) -> None:
    """Purging one leaves the other."""
    path = tmp_path / boot.unit_name(instance)
    path.write_text("Environment=NOMAPAAS_HOME=/elsewhere/nomapaas\n")

    boot.remove_unit(instance, tmp_path)

    assert path.exists()
