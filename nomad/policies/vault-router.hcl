# The router: chains and keys of certificates, and nothing else of any app.
path "nomapaas/data/apps/+/certs/*" {
  capabilities = ["read"]
}

path "nomapaas/data/platform/zone" {
  capabilities = ["read"]
}
