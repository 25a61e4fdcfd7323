# Consul's own agent: keeps this node and its services true, and takes dead ones out.
node "@{node_name}" {
  policy = "write"
}

service_prefix "nomapaas-" {
  policy = "write"
}
