"""The Procfile buildpack in the real build root."""

from __future__ import annotations


def test_procfile_only(make_sandbox):
    """Scripts need nothing built."""
    built, dyno = make_sandbox("built"), make_sandbox("dyno")
    ended = built.build({"Procfile": "web: ./serve\n", "serve!": "#!/bin/sh\necho served on $PORT\n"})

    assert ended.status == 0
    assert built.result["buildpack_provided_description"] == "Procfile"
    dyno.take_slug_of(built)
    assert dyno.boot("./serve").output == "served on 5000\n"
