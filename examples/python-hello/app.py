"""The smallest Flask app that shows where it runs."""

from __future__ import annotations

import os
import platform

from flask import Flask, render_template

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """A page for people."""
    return render_template("hello.html", **where())


@app.get("/whoami")
def whoami() -> dict[str, str]:
    """The same for programs."""
    return where()


def where() -> dict[str, str]:
    """Facts that nomapaas puts into every dyno's environment, and one config var of yours."""
    return {
        "greeting": os.environ.get("GREETING", "Hello from nomapaas"),
        "dyno": os.environ.get("DYNO", "your own machine"),
        "release": os.environ.get("HEROKU_RELEASE_VERSION", "none yet"),
        "python": platform.python_version(),
    }
