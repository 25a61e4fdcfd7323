# The node agent: it looks up whose allocation a log folder is.
namespace "apps" {
  capabilities = ["list-jobs", "read-job"]
}

node {
  policy = "read"
}
