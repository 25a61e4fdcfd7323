"""One module per topic; `cli.registry` says which command lives where."""
