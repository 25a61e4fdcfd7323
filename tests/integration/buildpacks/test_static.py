"""The static buildpack in the real build root, and its server in a real dyno."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

PORT = 20_499
"""A sandbox without a network of its own shares the host's ports."""

MARK = "=====\n"

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/static-site"


def files_of(folder):
    """A folder as what `Sandbox.build` takes."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def serve(make_sandbox, built, *paths, config=None, options=""):
    """Head and body of the answer for each path."""
    dyno = make_sandbox(f"dyno-{secrets.token_hex(4)}")
    dyno.take_slug_of(built)
    url = f"http://127.0.0.1:{PORT}"
    asked = "; ".join(f"curl -s -i {options} '{url}{path}'; echo -n '{MARK}'" for path in paths)
    wait = f"curl -s -o /dev/null --retry 100 --retry-connrefused --retry-delay 0 --retry-max-time 20 {url}"
    ended = dyno.boot(f"PORT={PORT} .heroku/static/serve & {wait}; {asked}; kill %1", config=config or {})
    return ended.output.replace("\r\n", "\n").split(MARK)[:-1]


def test_the_example(make_sandbox):
    """Files, addresses without .html, an error page, headers, a redirect, a route; nothing of the app but its site."""
    built = make_sandbox("built")
    ended = built.build(files_of(EXAMPLE))
    assert ended.status == 0, ended.output
    assert "-----> Reading static.json\n       Serving public_html\n       Error page: 404.html\n" in ended.output
    assert built.result["process_types"] == {"web": ".heroku/static/serve"}

    page, about, style, guide, lost, redirected, private = serve(
        make_sandbox, built, "/", "/about", "/assets/site.css", "/guide/a/b", "/nowhere", "/home", "/%2e%2e/static.json"
    )

    assert page.startswith("HTTP/1.1 200")
    assert "X-Content-Type-Options: nosniff\n" in page
    assert "Content-Type: text/html; charset=UTF-8" in page
    assert "Cache-Control" not in page
    assert "clean_urls" in about
    assert "Cache-Control: public, max-age=86400\n" in style
    assert "X-Content-Type-Options: nosniff\n" in style
    assert guide.startswith("HTTP/1.1 200")
    assert "<h1>A guide</h1>" in guide
    assert lost.startswith("HTTP/1.1 404")
    assert "There is no such page" in lost
    assert "X-Content-Type-Options: nosniff\n" in lost
    assert redirected.startswith("HTTP/1.1 302")
    assert "Location: /\n" in redirected
    assert private.startswith("HTTP/1.1 4")


def test_a_folder_with_a_page(make_sandbox):
    """Needs nothing else; what belongs to tools is not served, and folders are found with and without their slash."""
    built = make_sandbox("built")
    files = {
        "index.html": "top",
        "docs/index.html": "docs",
        ".env": "SECRET=1",
        ".well-known/a": "known",
        "app.json": "{}",
    }
    ended = built.build(files)
    assert ended.status == 0, ended.output

    top, env, known, app_json, slash, folder, slug = serve(
        make_sandbox, built, "/", "/.env", "/.well-known/a", "/app.json", "/docs", "/docs/", "/.heroku/static/serve"
    )

    assert top.endswith("top")
    assert env.startswith("HTTP/1.1 404")
    assert known.endswith("known")
    assert app_json.startswith("HTTP/1.1 404")
    assert "Location: /docs/\n" in slash
    assert folder.endswith("docs")
    assert slug.startswith("HTTP/1.1 404")


def test_https_and_a_password(make_sandbox):
    """`https_only` goes by what the router says; `basic_auth` asks for the config vars' name and password."""
    built = make_sandbox("built")
    said = {"root": ".", "https_only": True, "basic_auth": True}
    built.build({"index.html": "top", "static.json": json.dumps(said)})
    config = {"BASIC_AUTH_USERNAME": "ann", "BASIC_AUTH_PASSWORD": "p$s"}

    secure = "-H 'X-Forwarded-Proto: https'"
    assert serve(make_sandbox, built, "/", config=config, options=f"{secure} -u 'ann:p$s'")[0].endswith("top")
    assert serve(make_sandbox, built, "/", config=config, options=secure)[0].startswith("HTTP/1.1 401")
    plain = "-H 'X-Forwarded-Proto: http' -H 'Host: a.b'"
    assert "Location: https://a.b/\n" in serve(make_sandbox, built, "/", config=config, options=plain)[0]
    unset = make_sandbox("unset")
    unset.take_slug_of(built)
    assert "set the config vars BASIC_AUTH_USERNAME and" in unset.boot(".heroku/static/serve").output


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"static.json": "{"}, " !     it is not valid JSON"),
        ({"static.json": '{"root": "dist"}'}, "root is 'dist', but there is no such folder"),
    ],
)
def test_what_is_wrong_is_explained(sandbox, files, said):
    """The build fails with a sentence that names the place."""
    ended = sandbox.build(files)

    assert "Error: static.json cannot be followed." in ended.output
    assert said in ended.output
    assert ended.status == 50
