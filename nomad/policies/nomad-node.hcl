# The node agent: it looks up whose allocation a log folder is, and has one replaced whose folder is gone.
namespace "apps" {
  capabilities = ["list-jobs", "read-job", "alloc-lifecycle"]
}

node {
  policy = "read"
}
