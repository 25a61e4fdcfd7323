#!/usr/bin/env bash
# Runs what belongs to the app (its hooks, its settings, its package index) with the config vars as environment.

# Config vars of these names would break the build rather than configure it.
readonly CONFIG_NOT_EXPORTED=' PATH HOME PWD TMPDIR SHELL IFS GIT_DIR CPATH CPPATH LD_PRELOAD LIBRARY_PATH LD_LIBRARY_PATH PYTHONHOME VIRTUAL_ENV UV_PYTHON UV_CACHE_DIR UV_PROJECT_ENVIRONMENT GOROOT GOPATH GOBIN GOCACHE GOMODCACHE GOTOOLCHAIN GOOS GOARCH JAVA_HOME JAVA_OPTS JAVA_TOOL_OPTIONS BASH_ENV ENV SHELLOPTS BASHOPTS STACK BUILD_DIR CACHE_DIR ENV_DIR '

# Usage: hooks::with_config <command> [<argument>...]
function hooks::with_config() {
	(
		hooks::export_config
		[[ -n ${PIP_INDEX_URL:-} ]] && export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-${PIP_INDEX_URL}}"
		[[ -n ${PIP_EXTRA_INDEX_URL:-} ]] && export UV_INDEX="${UV_INDEX:-${PIP_EXTRA_INDEX_URL}}"
		exec "${@}"
	)
}

function hooks::export_config() {
	local file name value
	for file in "${ENV_DIR}"/*; do
		name="${file##*/}"
		[[ ${name} =~ ^[A-Za-z_][A-Za-z0-9_]*$ && ${CONFIG_NOT_EXPORTED} != *" ${name} "* ]] || continue
		IFS= read -r -d '' value <"${file}" || true
		export "${name}=${value}" 2>/dev/null || true
	done
}

# Prints the value of one config var, or nothing.
#
# Usage: hooks::config GO_INSTALL_PACKAGE_SPEC
function hooks::config() {
	[[ ! -f ${ENV_DIR}/${1} ]] || printf '%s' "$(<"${ENV_DIR}/${1}")"
}

# Runs bin/pre_compile or bin/post_compile of the app, if it has one.
#
# Usage: hooks::run pre_compile
function hooks::run() {
	local script="bin/${1}"
	[[ -f ${script} ]] || return 0
	output::step "Running ${script}"
	chmod +x "${script}"
	if ! hooks::with_config env "BUILD_DIR=${BUILD_DIR}" "CACHE_DIR=${CACHE_DIR}" "ENV_DIR=${ENV_DIR}" "./${script}" |& output::indent; then
		output::fail <<-EOF
			Error: The app's ${script} failed.

			The lines above are what it said. Mend it, or rename it if it is
			not meant to run in builds.
		EOF
	fi
}
