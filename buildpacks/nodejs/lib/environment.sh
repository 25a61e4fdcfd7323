#!/usr/bin/env bash
# The environment of what installs and builds.

function environment::set() {
	mkdir --parents .heroku /app/.heroku
	# Programs that are installed remember where; a dyno has them at the same place.
	ln --symbolic --no-dereference --force "${BUILD_DIR}/.heroku/node" /app/.heroku/node
	export PATH="${BUILD_DIR}/.heroku/node/bin:${PATH}"
	export NODE_HOME=/app/.heroku/node
	NODE_ENV="$(hooks::config NODE_ENV)"
	export NODE_ENV="${NODE_ENV:-production}"
	environment::quiet
	environment::registry
}

function environment::quiet() {
	export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false npm_config_progress=false
	export DISABLE_OPENCOLLECTIVE=1 ADBLOCK=1 YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_PROGRESS_BARS=0 NEXT_TELEMETRY_DISABLED=1
	export YARN_ENABLE_INLINE_BUILDS=1 COREPACK_ENABLE_STRICT=0
}

# The host's registry under the names that Yarn understands, and its authorities for a Node.js that cannot be told them.
function environment::registry() {
	if ((${NODE_VERSION%%.*} < 8)) && [[ -n ${NODE_EXTRA_CA_CERTS:-} ]]; then
		export npm_config_cafile="${npm_config_cafile:-${NODE_EXTRA_CA_CERTS}}"
	fi
	local registry="${npm_config_registry:-${NPM_CONFIG_REGISTRY:-}}"
	[[ -n ${registry} ]] || return 0
	export YARN_REGISTRY="${YARN_REGISTRY:-${registry}}"
	export YARN_NPM_REGISTRY_SERVER="${YARN_NPM_REGISTRY_SERVER:-${registry}}"
}

# Native modules are compiled against the headers that came with this Node.js: nothing is fetched for them.
function environment::headers() {
	export npm_package_config_node_gyp_nodedir="${BUILD_DIR}/.heroku/node"
	# Older ones know only this name, of which newer ones say that they do not know it.
	if [[ ${PACKAGE_MANAGER} != npm ]] || ((MANAGER_MAJOR < 11)); then
		export npm_config_nodedir="${BUILD_DIR}/.heroku/node"
	fi
}
