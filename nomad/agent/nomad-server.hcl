# Nomad's server. It is a process of its own: a client that starts in the same one, while the server still reads its keys,
# is turned away and takes no work for half a minute. Rendered by `nomapaas up`, with nomad-common.hcl beside it.
name     = "@{node_name}"
data_dir = "@{home}/nomad-server"

advertise {
  http = "127.0.0.1:@{nomad_http}"
  rpc  = "127.0.0.1:@{nomad_rpc}"
  serf = "127.0.0.1:@{nomad_serf}"
}

ports {
  http = @{nomad_http}
  rpc  = @{nomad_rpc}
  serf = @{nomad_serf}
}

server {
  enabled          = true
  bootstrap_expect = 1
  raft_multiplier  = 1

  # A build or one-off that ended is of no interest to Nomad after this; nomapaas keeps its own records.
  job_gc_threshold        = "1h"
  eval_gc_threshold       = "1h"
  batch_eval_gc_threshold = "1h"
  deployment_gc_threshold = "1h"
  heartbeat_grace         = "20s"
}

ui {
  enabled = true
}
