# Consul: one server, persistent, default deny. Rendered by `nomapaas up`.
node_name        = "@{node_name}"
datacenter       = "dc1"
data_dir         = "@{home}/consul"
server           = true
bootstrap_expect = 1
bind_addr        = "127.0.0.1"
client_addr      = "127.0.0.1"
advertise_addr   = "127.0.0.1"

ports {
  http     = @{consul_http}
  grpc     = @{consul_grpc}
  grpc_tls = -1
  dns      = -1
  serf_lan = @{consul_serf}
  serf_wan = -1
  server   = @{consul_server}
}

acl {
  enabled                  = true
  default_policy           = "deny"
  down_policy              = "extend-cache"
  enable_token_persistence = false
  tokens {
    # Node and service write for this node: without it a dead dyno could never be taken out of the catalogue.
    agent = "@{consul_agent_token}"
  }
}

# A check that runs a program would be code execution for whoever may register a service.
enable_script_checks       = false
enable_local_script_checks = false
disable_remote_exec        = true
disable_update_check       = true
leave_on_terminate         = false
discard_check_output       = true
log_level                  = "WARN"

connect {
  enabled = false
}

performance {
  raft_multiplier = 1
}

limits {
  http_max_conns_per_client = 1000
}
