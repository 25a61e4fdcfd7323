# The control plane: it runs apps, and mounts nothing but the stacks and the runner into them.
namespace "apps" {
  capabilities = ["list-jobs", "parse-job", "read-job", "submit-job", "dispatch-job", "alloc-lifecycle", "read-job-scaling", "scale-job"]
}

host_volume "stack-*" {
  policy = "read"
}

host_volume "runner" {
  policy = "read"
}

node {
  policy = "read"
}
