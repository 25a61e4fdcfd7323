# The control plane: writes route records, reads which dynos are there.
key_prefix "nomapaas/routes/" {
  policy = "write"
}

service "nomapaas-dyno" {
  policy = "read"
}

node_prefix "" {
  policy = "read"
}
