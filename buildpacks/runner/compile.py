"""The entry of a build: `python3 -IB /nomapaas/compile.py`."""  # noqa: INP001 (a script that is run by its path)

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

if __name__ == "__main__":
    sys.exit(importlib.import_module("slugc.main").main())
