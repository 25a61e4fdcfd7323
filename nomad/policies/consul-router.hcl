# The router: reads what the control plane and Nomad wrote.
key_prefix "nomapaas/routes/" {
  policy = "read"
}

service "nomapaas-dyno" {
  policy = "read"
}

node_prefix "" {
  policy = "read"
}
