# Nomad's agent: registers and deregisters what runs; the tokens for it come from workload identities.
agent_prefix "" {
  policy = "read"
}

node_prefix "" {
  policy = "read"
}

service_prefix "nomapaas-" {
  policy = "write"
}
