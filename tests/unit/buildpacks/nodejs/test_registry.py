"""What the Node.js buildpack does with what npm says of a download."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

LIB = Path(__file__).parents[4] / "buildpacks" / "nodejs" / "lib"

SCRIPT = """
set -euo pipefail
output::indent() { sed 's/^/       /'; }
source "${1}/registry.sh"
# Says one of the words at each call, and fails, until it comes to `ok`.
registry::npm() {
	local calls said
	echo >>calls
	calls="$(wc --lines <calls)"
	said="$(cut --delimiter=' ' --fields="${calls}" <<<"${WORDS}")"
	if [[ ${said} == ok ]]; then
		mkdir --parents package && echo 1 >package/file
		tar --create --gzip --file="${3#--pack-destination=}/small-1.0.0.tgz" package
	else
		echo "npm error code ${said}" && return 1
	fi
}
registry::fetch small 1.0.0 target
"""


@pytest.mark.parametrize(
    ("words", "calls", "status"),
    [
        ("ok", 1, 0),
        ("ECONNRESET ok", 2, 0),
        ("ETIMEDOUT EINTEGRITY ok", 3, 0),
        ("ECONNRESET ECONNRESET ECONNRESET ok", 3, 2),
        ("E404 ok", 1, 1),
        ("ECONNRESET ETARGET ok", 2, 1),
        ("ENOTFOUND ok", 1, 2),
    ],
)
def test_a_download_that_breaks_off_is_begun_again(tmp_path: Path, words: str, calls: int, status: int) -> None:
    """Twice at most, and only then: what is not there will not be there, and npm itself asks again who is silent."""
    script = tmp_path / "script.sh"
    script.write_text(SCRIPT)

    done = subprocess.run(
        ["bash", script, LIB],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "WORDS": words, "CACHE": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, (tmp_path / "calls").read_text().count("\n")) == (status, calls), done.stderr
    assert (tmp_path / "target" / "file").exists() == (status == 0)
    assert ("npm error" in done.stdout) == (status == 2)
