"""A Flask app of the usual kind, for the deploy rows."""

from pathlib import Path

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index() -> str:
    """The version that runs."""
    return Path(__file__).with_name("version.txt").read_text()
