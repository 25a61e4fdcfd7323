# The control plane: writes route records, reads which dynos are there.
key_prefix "nomapaas/routes/" {
  policy = "write"
}

key_prefix "nomapaas/certs/" {
  policy = "write"
}

key_prefix "nomapaas/leaves/" {
  policy = "write"
}

key_prefix "nomapaas/challenges/" {
  policy = "write"
}

service "nomapaas-dyno" {
  policy = "read"
}

node_prefix "" {
  policy = "read"
}
