# The edge: nginx, whose routing table is pushed at run time, and consul-template, which pushes it.
# Submitted by `nomapaas up`, which fills in the variables.

variable "home" {
  type = string
}

variable "user" {
  type = string
}

variable "uid" {
  type = number
}

variable "gid" {
  type = number
}

variable "consul_template" {
  type        = string
  description = "Path of the consul-template program, below the volume `consul-template`."
}

variable "memory" {
  type        = number
  description = "MB for nginx, into which the connections that it takes have to fit."
}

variable "start" {
  type        = string
  description = "Digest of what starts nginx: a new one restarts it. All else it takes over by a reload."
}

variable "feed" {
  type        = string
  description = "Digest of what consul-template runs on: a new one restarts it, and nothing else."
}

locals {
  read_only = {
    "host-usr"        = "/usr"
    "host-bin"        = "/bin"
    "host-lib"        = "/lib"
    "host-lib64"      = "/lib64"
    "host-etc"        = "/etc"
    "router-config"   = "${var.home}/etc/router"
    "router-secrets"  = "${var.home}/secrets/router"
    "run"             = "${var.home}/run"
    "consul-template" = dirname(var.consul_template)
  }

  become = [
    "--reuid=${var.uid}", "--regid=${var.gid}", "--clear-groups", "--no-new-privs",
    "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--",
  ]
}

job "nomapaas-edge" {
  namespace = "platform"
  type      = "service"
  priority  = 95

  update {
    max_parallel      = 1
    health_check      = "task_states"
    min_healthy_time  = "1s"
    healthy_deadline  = "2m"
    progress_deadline = "3m"
  }

  reschedule {
    unlimited      = true
    delay          = "5s"
    delay_function = "constant"
  }

  group "edge" {
    meta {
      start = var.start
    }

    network {
      mode = "host"
    }

    restart {
      attempts = 20
      interval = "1m"
      delay    = "1s"
      mode     = "delay"
    }

    ephemeral_disk {
      size = 300
    }

    dynamic "volume" {
      for_each = local.read_only
      labels   = [volume.key]
      content {
        type      = "host"
        source    = volume.key
        read_only = true
      }
    }

    volume "router-state" {
      type   = "host"
      source = "router-state"
    }

    volume "router-mesh" {
      type   = "host"
      source = "router-mesh"
    }

    volume "cache-state" {
      type      = "host"
      source    = "cache-state"
      read_only = true
    }

    task "nginx" {
      driver       = "exec"
      user         = var.user
      kill_signal  = "SIGQUIT"
      kill_timeout = "15s"

      config {
        command  = "/usr/bin/setpriv"
        cap_drop = ["all"]
        cap_add  = ["setuid", "setgid", "setpcap"]
        args     = concat(local.become, ["${var.home}/etc/router/start-nginx"])
      }

      env {
        PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
      }

      dynamic "volume_mount" {
        for_each = local.read_only
        content {
          volume      = volume_mount.key
          destination = volume_mount.value
          read_only   = true
        }
      }

      volume_mount {
        volume      = "router-state"
        destination = "${var.home}/router"
      }

      volume_mount {
        volume      = "router-mesh"
        destination = "${var.home}/mesh"
      }

      # With Varnish's socket.
      volume_mount {
        volume      = "cache-state"
        destination = "${var.home}/cache"
        read_only   = true
      }

      resources {
        cpu    = 1000
        memory = var.memory
      }

      logs {
        max_files     = 3
        max_file_size = 5
      }
    }
  }

  # A group of its own, because a change of the one must not restart the other.
  group "feed" {
    meta {
      feed = var.feed
    }

    network {
      mode = "host"
    }

    restart {
      attempts = 20
      interval = "1m"
      delay    = "1s"
      mode     = "delay"
    }

    ephemeral_disk {
      size = 300
    }

    dynamic "volume" {
      for_each = local.read_only
      labels   = [volume.key]
      content {
        type      = "host"
        source    = volume.key
        read_only = true
      }
    }

    volume "router-state" {
      type   = "host"
      source = "router-state"
    }

    task "consul-template" {
      driver       = "exec"
      user         = var.user
      kill_timeout = "5s"

      config {
        command  = "/usr/bin/setpriv"
        cap_drop = ["all"]
        cap_add  = ["setuid", "setgid", "setpcap"]
        args     = concat(local.become, ["${var.home}/etc/router/start-consul-template"])
      }

      env {
        PATH                       = "/usr/sbin:/usr/bin:/sbin:/bin"
        NOMAPAAS_CONSUL_TEMPLATE   = var.consul_template
        NOMAPAAS_CONSUL_TOKEN_FILE = "${var.home}/secrets/router/consul.token"
        NOMAPAAS_VAULT_TOKEN_FILE  = "${var.home}/secrets/router/vault.token"
      }

      dynamic "volume_mount" {
        for_each = local.read_only
        content {
          volume      = volume_mount.key
          destination = volume_mount.value
          read_only   = true
        }
      }

      volume_mount {
        volume      = "router-state"
        destination = "${var.home}/router"
      }

      resources {
        cpu    = 200
        memory = 128
      }

      logs {
        max_files     = 3
        max_file_size = 5
      }
    }
  }
}
