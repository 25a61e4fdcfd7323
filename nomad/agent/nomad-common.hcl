# What Nomad's server and client have in common. Rendered by `nomapaas up`.
datacenter = "dc1"
region     = "global"
bind_addr  = "127.0.0.1"
log_level  = "INFO"

disable_update_check = true
leave_on_interrupt   = false
leave_on_terminate   = false

acl {
  enabled = true
}

consul {
  address           = "127.0.0.1:@{consul_http}"
  token             = "@{consul_nomad_token}"
  auto_advertise    = false
  server_auto_join  = false
  client_auto_join  = false
  service_auth_method = "nomad-workloads"
  task_auth_method    = "nomad-workloads"

  service_identity {
    aud = ["consul.io"]
    ttl = "1h"
  }
}

vault {
  enabled               = true
  address               = "http://127.0.0.1:@{vault}"
  jwt_auth_backend_path = "jwt-nomad"

  default_identity {
    aud  = ["vault.io"]
    env  = false
    file = false
    ttl  = "1h"
  }
}
