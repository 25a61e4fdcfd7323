"""static.json, and what is said about one that cannot be followed."""

from __future__ import annotations

import json

import pytest

from buildpacks.static.static_site.reading import read
from buildpacks.static.static_site.site import Header, Redirect, Route, Site, SiteError


@pytest.fixture
def app(tmp_path):
    """A folder with a page, a built page and something outside of it."""
    (tmp_path / "outside.html").touch()
    folder = tmp_path / "app"
    for name in ("index.html", "dist/index.html", "dist/oops.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "link").symlink_to(tmp_path)
    return folder


def write(app, content):
    (app / "static.json").write_text(content if isinstance(content, str) else json.dumps(content))


def test_without_a_static_json_the_top_folder_is_the_site(app):
    """Its 404.html is the error page, if it has one."""
    assert read(app) == (Site(), [])

    (app / "404.html").touch()
    assert read(app) == (Site(error_page="404.html"), [])


def test_all_that_it_may_say(app):
    """Heroku's format."""
    write(
        app,
        {
            "root": "dist/",
            "encoding": "ISO-8859-1",
            "clean_urls": True,
            "https_only": True,
            "basic_auth": True,
            "canonical_host": "www.example.com",
            "error_page": "oops.html",
            "routes": {"/assets/*": "/assets/", "/**": "index.html"},
            "redirects": {"/old": {"url": "/new", "status": 302}, "/older": {"url": "https://example.com/$1"}},
            "headers": {"/**": {"X-Frame-Options": "DENY"}, "/a": {"Cache-Control": "no-store"}},
            "debug": False,
        },
    )

    site, warnings = read(app)

    assert warnings == []
    assert site == Site(
        root="dist",
        encoding="ISO-8859-1",
        clean_urls=True,
        https_only=True,
        basic_auth=True,
        canonical_host="www.example.com",
        error_page="oops.html",
        routes=(Route(pattern="/assets/*", file=None), Route(pattern="/**", file="index.html")),
        redirects=(
            Redirect(pattern="/old", url="/new", status=302),
            Redirect(pattern="/older", url="https://example.com/$1"),
        ),
        headers=(
            Header(pattern="/**", name="X-Frame-Options", value="DENY"),
            Header(pattern="/a", name="Cache-Control", value="no-store"),
        ),
    )


def test_what_is_unknown_is_named(app):
    """A misspelt word does not pass in silence."""
    write(app, {"root": "dist", "clean_url": True})

    assert read(app)[1] == ["'clean_url' in static.json is not known here and has no effect."]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "it is not valid JSON"),
        ("[" * 100_000, "it is not valid JSON"),
        ("[]", "it has to be a JSON object"),
        ({}, "root is 'public_html', but there is no such folder: build it before, or name another one"),
        ({"root": "../"}, "root is '../', which is outside of the app"),
        ({"root": "link"}, "root is 'link', which is outside of the app"),
        ({"root": 1}, "root has to be a text"),
        ({"root": "index.html"}, "there is no such folder"),
        ({"root": "dist", "error_page": "no.html"}, "error_page is 'no.html', but there is no such file"),
        ({"root": "dist", "error_page": "../../outside.html"}, "which is outside of the app"),
        ({"root": "dist", "routes": {"/**": "no.html"}}, "the route '/**' names 'no.html', but there is no such file"),
        ({"root": "dist", "routes": {"/**": 1}}, "the route '/**' has to name a file"),
        ({"root": "dist", "routes": ["a"]}, "routes has to be an object of paths"),
        ({"root": "dist", "routes": {"/\n": "index.html"}}, "a path of routes holds control characters"),
        ({"root": "dist", "redirects": {"/a": {}}}, "the redirect '/a' needs an url"),
        ({"root": "dist", "redirects": {"/a": {"url": "/b c"}}}, "which may hold no blanks"),
        ({"root": "dist", "redirects": {"/a": {"url": "/${B}"}}}, "and no variables"),
        ({"root": "dist", "redirects": {"/a": {"url": "/b", "status": 200}}}, "has to be one of 301, 302"),
        ({"root": "dist", "headers": {"/": "no"}}, "headers of '/' have to be an object"),
        ({"root": "dist", "headers": {"/": {"A b": "c"}}}, "that no header may have"),
        ({"root": "dist", "headers": {"/": {"A": "c\r\nB: d"}}}, "that no header may have"),
        ({"root": "dist", "headers": {"/": {"Content-Length": "0"}}}, "is the server's own"),
        ({"root": "dist", "clean_urls": "yes"}, "clean_urls has to be true or false"),
        ({"root": "dist", "encoding": "utf-8; x"}, "encoding cannot be 'utf-8; x'"),
        ({"root": "dist", "canonical_host": "a;b"}, "canonical_host cannot be 'a;b'"),
        ({"root": "dist", "proxies": {"/api/": {"origin": "x"}}}, "proxies are not supported"),
    ],
)
def test_what_cannot_be_followed(app, content, said):
    """One sentence that names the place."""
    write(app, content)

    with pytest.raises(SiteError) as caught:
        read(app)

    assert said in str(caught.value)
    assert str(caught.value).endswith(".")
