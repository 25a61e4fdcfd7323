# Nomad's client, which runs dynos and the platform's own jobs. Rendered by `nomapaas up`, with nomad-common.hcl beside it.
name     = "@{node_name}"
data_dir = "@{home}/nomad"

advertise {
  http = "127.0.0.1:@{nomad_client}"
  rpc  = "127.0.0.1:@{nomad_rpc}"
  serf = "127.0.0.1:@{nomad_serf}"
}

ports {
  http = @{nomad_client}
}

client {
  enabled            = true
  servers            = ["127.0.0.1:@{nomad_rpc}"]
  alloc_mounts_dir   = "@{home}/nomad/alloc_mounts"
  host_volumes_dir   = "@{home}/nomad/host_volumes"
  cgroup_parent      = "@{cgroup}"
  cni_path           = "@{cni_path}"
  cni_config_dir     = "@{home}/cni"
  network_interface  = "lo"
  max_kill_timeout   = "120s"
  disable_remote_exec = false
  gc_max_allocs      = 400
  gc_interval        = "1m"
  gc_disk_usage_threshold = 95

  # /etc is all that is copied into a task's chroot; programs come from read-only host volumes.
  chroot_env {
    "@{dyno_etc}" = "/etc"
  }

  options {
    "driver.allowlist"      = "exec"
    "fingerprint.denylist"  = "env_aws,env_gce,env_azure,env_digitalocean"
  }

  reserved {
    memory = @{reserved_memory_mb}
  }

  # Vault may be sealed or away for as long as it likes: a waiting dyno starts when it is back.
  template {
    disable_file_sandbox = false
    vault_retry {
      attempts    = 0
      backoff     = "250ms"
      max_backoff = "10s"
    }
    consul_retry {
      attempts    = 0
      backoff     = "250ms"
      max_backoff = "10s"
    }
    nomad_retry {
      attempts    = 0
      backoff     = "250ms"
      max_backoff = "10s"
    }
  }

@{host_volumes}
}

plugin "exec" {
  config {
    # What the launcher needs to take every privilege away, and nothing that a job could keep.
    allow_caps = ["setuid", "setgid", "setpcap"]
  }
}
