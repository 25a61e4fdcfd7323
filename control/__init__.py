"""The control plane: API, worker, node agent."""

import sys

# structlog takes rich along wherever it is installed, for tracebacks in colour that nobody here sees: four megabytes of
# every process.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
