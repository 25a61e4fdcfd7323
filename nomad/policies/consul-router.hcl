# The router: reads what the control plane and Nomad wrote.
key_prefix "nomapaas/routes/" {
  policy = "read"
}

key_prefix "nomapaas/certs" {
  policy = "read"
}

key_prefix "nomapaas/leaves" {
  policy = "read"
}

key_prefix "nomapaas/challenges" {
  policy = "read"
}

service "nomapaas-dyno" {
  policy = "read"
}

node_prefix "" {
  policy = "read"
}
