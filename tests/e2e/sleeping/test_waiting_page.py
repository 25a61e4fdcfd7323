"""What a person sees who opens a sleeping app in a browser: a real one."""

from __future__ import annotations

import shutil
import time
from urllib.parse import urlsplit

import pytest

from tests.e2e.browser import Chromium
from tests.e2e.sleep import fall_asleep

pytestmark = pytest.mark.platform


@pytest.fixture
def browser(tmp_path):
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("No browser: install Debian's chromium package.")
    folder = tmp_path / "chromium"
    folder.mkdir()
    started = Chromium(program, folder)
    yield started
    started.close()


@pytest.fixture
def slow(paas, folder):
    """An app that takes 4 s to boot, asleep."""
    paas.run("create", "slow")
    paas.run("push", "--app", "slow", "--dir", str(folder("slow")))
    fall_asleep(paas, "slow")
    yield "slow"
    paas.run("destroy", "--app", "slow", "--confirm", "slow")


def test_a_browser_sees_the_waiting_page_and_then_the_app(paas, browser, slow):
    """Nothing for three seconds, then that the app starts, then, by itself, the app: without any script."""
    port = urlsplit(paas.instance.env["NOMAPAAS_ROUTER_URL"]).port
    browser.disable_scripts()
    started = time.monotonic()
    browser.open(f"http://{slow}.localhost:{port}/")
    # The answer has begun; its title comes with its first bytes.
    paas.eventually(lambda: browser.title() == "Starting…")
    waited = time.monotonic() - started

    assert 2.9 < waited < 5
    assert "will appear by itself" in browser.text()
    paas.eventually(lambda: browser.title() == "Awake")
    assert browser.text() == "Good morning."
