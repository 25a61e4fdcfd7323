"""`python -m static_site APP_FOLDER TARGET_FOLDER`: writes TARGET_FOLDER/nginx.conf from the app's static.json."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .nginx import configuration
from .reading import NAME, read
from .site import Site, SiteError


def main(app: Path, target: Path) -> int:
    """Says what is served; 1 when static.json cannot be followed."""
    try:
        site, warnings = read(app)
    except SiteError as exc:
        _complain(f"Error: {NAME} cannot be followed.", str(exc), "Mend it and push again.")
        return 1
    for warning in warnings:
        _complain("Warning", warning)
    text = configuration(site)
    if said := _rejected(text):
        _complain("Error: The server cannot be set up from this static.json.", said, "Mend the path that it names.")
        return 1
    (target / "nginx.conf").write_text(text)
    for line in _described(site):
        sys.stdout.write(f"       {line}\n")
    return 0


def _rejected(text: str) -> str:
    """What nginx says against its configuration; empty when it takes it."""
    with tempfile.TemporaryDirectory() as folder:
        tried = Path(folder, "nginx.conf")
        tried.write_text(text.replace("__PORT__", "5000"))
        run = subprocess.run(
            ["/usr/sbin/nginx", "-t", "-q", "-e", "stderr", "-p", folder, "-c", str(tried)],
            capture_output=True,
            text=True,
            check=False,
        )
    return run.stderr.strip()[:500] if run.returncode else ""


def _described(site: Site) -> list[str]:
    lines = [f"Serving {'the top folder' if site.root == '.' else site.root}"]
    if site.error_page:
        lines.append(f"Error page: {site.error_page}")
    for count, what in (
        (len(site.routes), "route"),
        (len(site.redirects), "redirect"),
        (len(site.headers), "header"),
    ):
        if count:
            lines.append(f"{count} {what}{'s' if count > 1 else ''}")
    if site.https_only:
        lines.append("Requests over HTTP are sent on to HTTPS")
    return lines


def _complain(*paragraphs: str) -> None:
    lines = "\n\n".join(paragraphs).splitlines()
    sys.stdout.write("\n" + "".join(f" !     {line}".rstrip() + "\n" for line in lines) + "\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
