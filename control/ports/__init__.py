"""The seams between the control plane and the world: one Protocol a role, with the errors that belong to it.

Adapters (`control/adapters`) translate their SDK's exceptions into the errors named here, once, `raise … from exc`.
Every port has an in-memory twin (`control/adapters/memory.py`) that passes the same contract suite as the real one.
"""
