#!/usr/bin/env bash
# Reads package.json.

# Prints what a jq path leads to, when it is a string; else nothing.
#
# Usage: package_json::read '.engines.node'
function package_json::read() {
	jq --raw-output "(try ${1} catch null) | strings" package.json
}

# Succeeds when a script of that name is declared.
#
# Usage: package_json::has_script build
function package_json::has_script() {
	[[ -n $(package_json::read ".scripts[\"${1}\"]") ]]
}

# Succeeds when a jq condition holds; a package.json of another shape than expected does not meet it.
#
# Usage: package_json::is '.workspaces != null'
function package_json::is() {
	jq --exit-status "try (${1}) catch false" package.json >/dev/null
}
