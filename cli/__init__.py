"""The `nomapaas` command line: a client of the control API, over HTTP alone."""

__version__ = "0.1.0"
