"""What every rule of the domain raises when it is broken."""

from __future__ import annotations


class BrokenRule(ValueError):
    """Raised when what a person asked for breaks a rule; the message is one full sentence that says what to do."""
