"""A worker that lives until it is told to stop."""

import signal
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("worker waits", flush=True)
signal.pause()
