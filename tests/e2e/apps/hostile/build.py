"""What the hostile app tries while it is built: `bin/post_compile` runs it inside of the buildpack's own bin/compile."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import floods
import kernel
import network
import places

REPORT = Path("built.json")
SURVIVOR = "hostile-survivor"
LINES = (
    b"\x1b[2J\x1b]0;forged\x07forged\r\x0b\xc2\x9b31m\xe2\x80\xaeforged\n",
    b"2026-01-01T00:00:00.000000+00:00 heroku[router]: forged\n",
)


def attacks() -> dict:
    """Everything that the app tries as a dyno, and what a build's folders may offer besides."""
    found = {
        f"{module.__name__}.{name}": attempt()
        for module in (kernel, places, sys.modules[__name__])
        for name, attempt in list(vars(module).items())
        if callable(attempt)
        and attempt.__module__ == module.__name__
        and not name.startswith("_")
        and name not in {"attacks", "reach", "survive", "flood", "link", "main"}
    }
    survive()
    for line in LINES:
        sys.stdout.buffer.write(line)
    return {"attacks": found}


def credentials_of_the_platform() -> str | None:
    """A build holds none of the blob store, Nomad, Consul or Vault."""
    words = ("NOMAD_TOKEN", "VAULT_", "CONSUL_", "MINIO_", "AWS_SECRET")
    named = [name for name in os.environ if name.startswith(words)]
    return f"variables {named}" if named else None


def readable_builds_of_others() -> str | None:
    """Caches, sources and slugs of other apps are nowhere to be seen."""
    seen = [str(each) for folder in ("/alloc", "/local") for each in Path(folder).rglob("*.t*")]
    foreign = [each for each in seen if Path(each).name not in {"cache.tar", "source.tgz", "slug.tgz"}]
    return f"files {foreign}" if foreign else None


def survive() -> None:
    """A process that hears no signal and has left its session behind."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.closerange(0, 256)
            os.execv("/usr/bin/sleep", [SURVIVOR, "7777"])
        os._exit(0)


def reach(doors: str) -> dict:
    """Which of the doors in a file are open."""
    return {"open": network.reach([line.split(" ") for line in Path(doors).read_text().splitlines()])}


def flood(kind: str, seconds: str) -> dict:
    """One flood, to its end."""
    if floods.begin(kind, float(seconds)) != "begun":
        raise SystemExit("There is no limit here: this is no build.")
    while (said := floods.ended()) is None:
        time.sleep(0.1)
    return {"flood": said}


def link() -> dict:
    """In place of the slug, a link that leads away."""
    os.symlink("/tmp/elsewhere", "/alloc/out/slug.tgz")
    return {}


def main() -> None:
    told = {"attacks": attacks, "reach": reach, "flood": flood, "link": link}[sys.argv[1]](*sys.argv[2:])
    REPORT.write_text(json.dumps(told))


if __name__ == "__main__":
    main()
