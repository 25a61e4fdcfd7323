# The HTTP cache: Varnish, between the edge and the mesh, for apps that turn it on. Without it requests go on.
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

variable "memory" {
  type        = number
  description = "MB: what is stored, what is on its way through, and Varnish itself."
}

variable "config" {
  type        = string
  description = "Digest of HOME/etc/router/cache: a new one restarts the job."
}

locals {
  read_only = {
    "host-usr"      = "/usr"
    "host-bin"      = "/bin"
    "host-lib"      = "/lib"
    "host-lib64"    = "/lib64"
    "host-etc"      = "/etc"
    "router-config" = "${var.home}/etc/router"
    "router-mesh"   = "${var.home}/mesh"
  }

  become = [
    "--reuid=${var.uid}", "--regid=${var.gid}", "--clear-groups", "--no-new-privs",
    "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--",
  ]
}

job "nomapaas-cache" {
  namespace = "platform"
  type      = "service"
  priority  = 85

  meta {
    config = var.config
  }

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

  group "cache" {
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

    volume "cache-state" {
      type   = "host"
      source = "cache-state"
    }

    task "varnish" {
      driver       = "exec"
      user         = var.user
      kill_timeout = "5s"

      config {
        command  = "/usr/bin/setpriv"
        cap_drop = ["all"]
        cap_add  = ["setuid", "setgid", "setpcap"]
        args     = concat(local.become, ["${var.home}/etc/router/cache/start-varnish"])
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
        volume      = "cache-state"
        destination = "${var.home}/cache"
      }

      resources {
        cpu    = 300
        memory = var.memory
      }

      logs {
        max_files     = 2
        max_file_size = 5
      }
    }
  }
}
