# Vault: raft storage on one node, opened by the unsealer. Rendered by `nomapaas up`.
disable_mlock = true
ui            = true
api_addr      = "http://127.0.0.1:@{vault}"
cluster_addr  = "http://127.0.0.1:@{vault_cluster}"
log_level     = "warn"
pid_file      = "@{home}/vault/vault.pid"

storage "raft" {
  path                   = "@{home}/vault"
  node_id                = "@{node_name}"
  performance_multiplier = 1
}

listener "tcp" {
  address         = "127.0.0.1:@{vault}"
  cluster_address = "127.0.0.1:@{vault_cluster}"
  tls_disable     = true
}
