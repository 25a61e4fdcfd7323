"""`make bench`, or one row: `make bench ROW=name`. Prints a table and writes bench/results.json."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from bench.measure import Row

RESULTS = Path(__file__).with_name("results.json")

ROWS = (
    "dyno_start",
    "wake",
    "redeploy",
    "cold_push",
    "steady",
    "rotation",
    "stack",
    "router",
    "cache",
    "sleepers",
    "examples",
    "apps",
    "repair",
    "memory",
    "neighbour",
)
"""Each is a module of this folder with `measure(say) -> list[Row]`."""


def main(names: list[str]) -> int:
    """Measure the named rows, or all; exit code 1 when a target is missed, 2 for an unknown row."""
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        print(f"There is no row {unknown[0]!r}; choose of {', '.join(ROWS)}.", file=sys.stderr)
        return 2
    found: list[Row] = []
    for name in names or ROWS:
        print(f"{name} ...", file=sys.stderr)
        found += importlib.import_module(f"bench.{name}").measure(lambda text: print(text, file=sys.stderr))
        RESULTS.write_text(json.dumps([row.as_json() for row in found], indent=2) + "\n")
    print(_table(found))
    return 0 if all(row.met for row in found) else 1


def _table(rows: list[Row]) -> str:
    head = ("name", "value", "unit", "baseline", "ratio", "spread", "target", "met")
    lines = [head, *(tuple(_cell(row.as_json()[field]) for field in head) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return "-" if value is None else str(value)


if __name__ == "__main__":
    sys.exit(main([name for name in sys.argv[1:] if name]))
