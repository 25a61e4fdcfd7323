"""What the logs of the control plane show, and what they never do."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from control.observe import configure_logging


@pytest.fixture
def configured() -> Iterator[None]:
    configure_logging()
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("configured")
def test_a_traceback_shows_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """An error is logged with its lines of code and without the values that they worked on."""

    def fail(values: dict[str, str]) -> None:
        raise RuntimeError(f"{len(values)} values")

    log = structlog.get_logger()
    try:
        fail({"PASSWORD": "hunter2"})
    except RuntimeError:
        log.exception("failed")

    (line,) = capsys.readouterr().out.splitlines()
    assert "RuntimeError: 1 values" in json.loads(line)["exception"]
    assert line.count("hunter2") == 1, "only as the source line that the test itself has"
