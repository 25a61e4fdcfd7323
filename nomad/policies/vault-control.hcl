# The control plane: writes config versions, and makes for each app the policy and role that read them.
path "nomapaas/data/apps/*" {
  capabilities = ["create", "update", "read"]
}

# The platform's own authority, the key of its zone, its accounts at ACME servers.
path "nomapaas/data/platform/*" {
  capabilities = ["create", "update", "read"]
}

# Which of these there are, for a backup; nothing of it can be deleted.
path "nomapaas/metadata/platform/" {
  capabilities = ["list"]
}

path "nomapaas/metadata/apps/*" {
  capabilities = ["read", "list", "delete"]
}

path "sys/policies/acl/app-*" {
  capabilities = ["create", "update", "read", "delete"]
}

path "auth/jwt-nomad/role/app-*" {
  capabilities = ["create", "update", "read", "delete"]
}
