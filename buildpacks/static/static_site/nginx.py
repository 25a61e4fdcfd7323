"""The nginx configuration of a static site. `__PORT__` stands for the port, which only a dyno knows."""

from __future__ import annotations

from collections.abc import Iterator

from .globs import to_regex
from .site import Header, Site

_HEAD = """\
daemon off;
worker_processes 2;
pid /tmp/nginx.pid;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path /tmp/nginx-body; proxy_temp_path /tmp/nginx-proxy;
    fastcgi_temp_path /tmp/nginx-fastcgi; uwsgi_temp_path /tmp/nginx-uwsgi; scgi_temp_path /tmp/nginx-scgi;
    # The router writes a line for each request.
    access_log off;
    log_not_found off;
    sendfile on;
    tcp_nopush on;
    server_tokens off;
    gzip on;
    gzip_static on;
    gzip_vary on;
    gzip_proxied any;
    gzip_min_length 512;
    gzip_types text/plain text/css text/xml text/javascript application/javascript application/json
        application/manifest+json application/rss+xml application/atom+xml application/xml application/wasm
        image/svg+xml;
    charset_types text/xml text/plain text/css application/javascript application/json application/rss+xml;
    map_hash_bucket_size 512;
    uninitialized_variable_warn off;
    # The only way to have this character in a value.
    geo $dollar { default "$"; }
"""

_PRIVATE = ("static.json", "app.json", "Procfile", "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml")
"""Files of the app rather than of the site, where the site is the app's top folder."""


def configuration(site: Site) -> str:
    """The text of nginx.conf."""
    return "\n".join([_HEAD, *_header_maps(site), *_server(site), "}", ""])


def _server(site: Site) -> Iterator[str]:
    yield "    server {"
    for line in (
        "listen 0.0.0.0:__PORT__;",
        f"root {_value(f'/app/{site.root}')};",
        "index index.html;",
        f"charset {site.encoding};",
        # The port that a browser sees is the router's.
        "absolute_redirect off;",
        # What was asked for, not the file that answers in the end.
        'if ($requested = "") { set $requested $uri; }',
        *_access(site),
        *(f"add_header {name} $header_{number} always;" for number, name in enumerate(_names(site))),
        *_locations(site),
    ):
        yield f"        {line}"
    yield "    }"


def _access(site: Site) -> Iterator[str]:
    if site.https_only:
        yield 'if ($http_x_forwarded_proto = "http") { return 301 https://$host$request_uri; }'
    if site.canonical_host:
        there = f"$http_x_forwarded_proto://{site.canonical_host}$request_uri"
        yield f"if ($http_host != {_quoted(site.canonical_host)}) {{ return 301 {there}; }}"
    if site.basic_auth:
        yield 'auth_basic "Restricted";'
        yield "auth_basic_user_file /tmp/htpasswd;"


def _locations(site: Site) -> Iterator[str]:
    if site.error_page:
        yield f"error_page 403 404 500 502 503 504 {_value(f'/{site.error_page}')};"
    # Files and folders of tools, .git and .env among them; .well-known is the one that is meant for others.
    yield r'location ~ "/\.(?!well-known(/|$))" { return 404; }'
    if site.root == ".":
        for name in _PRIVATE:
            yield f"location = /{name} {{ return 404; }}"
    page = " $uri.html" if site.clean_urls else ""
    yield "location / {"
    yield "    if (-f $document_root$uri/index.html) { rewrite ^(.*[^/])$ $1/ permanent; }"
    yield f"    try_files $uri{page} $uri/index.html @routes;"
    yield "}"
    yield "location @routes {"
    for redirect in site.redirects:
        regex = _quoted(to_regex(redirect.pattern))
        yield f"    if ($uri ~ {regex}) {{ return {redirect.status} {_value(redirect.url)}; }}"
    for route in site.routes:
        regex = _quoted(to_regex(route.pattern))
        if route.file is None:
            yield f"    if ($uri ~ {regex}) {{ return 404; }}"
        else:
            yield f"    rewrite {regex} {_value(f'/{route.file}')} last;"
    yield "    return 404;"
    yield "}"


def _header_maps(site: Site) -> Iterator[str]:
    """One map a header: a later pattern wins, so that a general one can stand first."""
    for number, name in enumerate(_names(site)):
        yield f"    map $requested $header_{number} {{"
        for header in reversed(_of(site, name)):
            yield f"        {_quoted(f'~{to_regex(header.pattern)}')} {_value(header.value)};"
        yield '        default "";'
        yield "    }"


def _names(site: Site) -> list[str]:
    """The names of all headers, each once, however its letters are written."""
    return list({header.name.lower(): header.name for header in reversed(site.headers)}.values())


def _of(site: Site, name: str) -> list[Header]:
    return [header for header in site.headers if header.name.lower() == name.lower()]


def _quoted(text: str) -> str:
    """A text that nginx takes as it is where it knows no variables, as in a pattern."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _value(text: str) -> str:
    """A text that nginx takes as it is where it would put in variables."""
    return _quoted(text).replace("$", "${dollar}")
