# The control plane: the API that clients talk to, and the worker that makes true what it accepted.
# Submitted by `nomapaas up`, which fills in the variables.

variable "home" {
  type = string
}

variable "checkout" {
  type = string
}

variable "python" {
  type        = string
  description = "The virtual environment's interpreter."
}

variable "python_prefix" {
  type        = string
  description = "Where the Python behind it is installed."
}

variable "listen" {
  type        = string
  description = "Address and port of the API."
}

variable "check_address" {
  type = string
}

variable "port" {
  type = number
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

variable "threads" {
  type    = number
  default = 128
}

variable "api_processes" {
  type        = number
  description = "Processes of the API, each with all those threads."
}

variable "workers" {
  type        = number
  description = "More than one needs PostgreSQL."
}

variable "env" {
  type        = map(string)
  description = "Settings of the control plane (NOMAPAAS_…)."
}

variable "code" {
  type        = string
  description = "Digest of the source: a new one restarts the job."
}

locals {
  # Of the API and of the worker.
  env = merge(var.env, {
    PATH                    = "/usr/local/bin:/usr/bin:/bin"
    PYTHONDONTWRITEBYTECODE = "1"
    MALLOC_ARENA_MAX        = "2"
    MALLOC_MMAP_THRESHOLD_  = "131072"
    MALLOC_TRIM_THRESHOLD_  = "131072"
    PYTHONPATH              = var.checkout
    NOMAPAAS_SECRETS_FILE   = "${var.home}/secrets/control/control.json"
  })

  read_only = merge(
    {
      "host-usr"        = "/usr"
      "host-bin"        = "/bin"
      "host-lib"        = "/lib"
      "host-lib64"      = "/lib64"
      "host-etc"        = "/etc"
      "checkout"        = var.checkout
      "control-secrets" = "${var.home}/secrets/control"
      "run"             = "${var.home}/run"
      "router-state"    = "${var.home}/router"
    },
    # Debian's own Python comes with /usr; any other has a folder of its own.
    var.python_prefix == "/usr" ? {} : { "python" = var.python_prefix }
  )

  # exec gives a task gid 0 and hands out capabilities: this takes both away before the first line of ours runs.
  become = [
    "--reuid=${var.uid}", "--regid=${var.gid}", "--clear-groups", "--no-new-privs",
    "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--",
  ]
}

job "nomapaas-control" {
  namespace = "platform"
  type      = "service"
  priority  = 90

  meta {
    code = var.code
  }

  update {
    max_parallel      = 1
    health_check      = "checks"
    min_healthy_time  = "1s"
    healthy_deadline  = "2m"
    progress_deadline = "3m"
  }

  reschedule {
    unlimited      = true
    delay          = "5s"
    delay_function = "constant"
  }

  group "api" {
    network {
      mode = "host"
    }

    restart {
      attempts = 10
      interval = "1m"
      delay    = "1s"
      mode     = "delay"
    }

    ephemeral_disk {
      size = 300
    }

    service {
      provider = "nomad"
      name     = "nomapaas-api"
      address  = var.check_address
      port     = var.port

      check {
        type     = "http"
        path     = "/health/live"
        interval = "10s"
        timeout  = "5s"
      }
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

    volume "state" {
      type   = "host"
      source = "state"
    }

    task "api" {
      driver       = "exec"
      user         = var.user
      kill_timeout = "35s"

      config {
        command  = "/usr/bin/setpriv"
        cap_drop = ["all"]
        cap_add  = ["setuid", "setgid", "setpcap"]
        args = concat(local.become, [
          var.python, "-m", "gunicorn",
          "--bind", var.listen,
          "--worker-class", "gthread", "--workers", "${var.api_processes}", "--threads", "${var.threads}",
          "--worker-tmp-dir", "/tmp", "--graceful-timeout", "30", "--keep-alive", "15",
          "--no-control-socket",
          "control.wsgi:app",
        ])
      }

      env = local.env

      dynamic "volume_mount" {
        for_each = local.read_only
        content {
          volume      = volume_mount.key
          destination = volume_mount.value
          read_only   = true
        }
      }

      volume_mount {
        volume      = "state"
        destination = "${var.home}/state"
      }

      resources {
        cpu    = 500
        memory = 512 * var.api_processes
      }

      logs {
        max_files     = 3
        max_file_size = 5
      }
    }
  }

  group "worker" {
    count = var.workers

    network {
      mode = "host"
    }

    restart {
      attempts = 10
      interval = "1m"
      delay    = "1s"
      mode     = "delay"
    }

    update {
      health_check = "task_states"
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

    volume "state" {
      type   = "host"
      source = "state"
    }

    task "worker" {
      driver       = "exec"
      user         = var.user
      kill_timeout = "30s"

      config {
        command  = "/usr/bin/setpriv"
        cap_drop = ["all"]
        cap_add  = ["setuid", "setgid", "setpcap"]
        args     = concat(local.become, [var.python, "-m", "control.worker"])
      }

      env = local.env

      dynamic "volume_mount" {
        for_each = local.read_only
        content {
          volume      = volume_mount.key
          destination = volume_mount.value
          read_only   = true
        }
      }

      volume_mount {
        volume      = "state"
        destination = "${var.home}/state"
      }

      resources {
        cpu    = 500
        memory = 384
      }

      logs {
        max_files     = 3
        max_file_size = 5
      }
    }
  }
}
