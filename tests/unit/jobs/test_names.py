"""Names that every part relies on."""

from __future__ import annotations

from pathlib import Path

import nomad

from jobs import names


def test_every_job_of_an_app_begins_with_its_uuid() -> None:
    """One prefix finds, admits and removes all of an app's jobs."""
    app_id = "01234567-89ab-4cde-8f01-23456789abcd"
    ids = [
        names.app_job_id(app_id),
        names.build_job_id(app_id, "b"),
        names.release_phase_job_id(app_id, 3),
        names.oneoff_job_id(app_id, 7),
    ]

    assert [app_id] * 4 == [names.app_of_job(each) for each in ids]
    assert len(set(ids)) == len(ids)


def test_the_nomad_folder_never_shadows_the_sdk() -> None:
    """`import nomad` is python-nomad, although the project has a folder of that name."""
    root = Path(__file__).parents[3]

    assert "site-packages" in str(nomad.__file__)
    assert list((root / "nomad").rglob("*.py")) == []
