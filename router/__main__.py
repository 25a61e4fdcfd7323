"""`python -m router`: writes the folder from which nginx and consul-template run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from router.render import render
from router.settings import SettingsError, from_env


def main(env: Mapping[str, str]) -> int:
    """Render; the settings come from the environment."""
    try:
        settings = from_env(env)
        render(settings)
    except (SettingsError, OSError) as error:
        sys.stderr.write(f"The router's configuration cannot be written: {error}\n")
        return 1
    sys.stdout.write(f"{settings.etc_dir}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(os.environ))
