"""The edge: nginx with Lua, whose route table consul-template pushes at run time.

Nothing here imports the control plane: what the router knows of the world is data (`jobs.names` has the names).
"""
