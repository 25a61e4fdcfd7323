#!/usr/bin/env bash
# Installs the app's packages, those for its build included.

# Prints a digest of all that decides what is installed; empty when that cannot be told from a few files alone: scripts of
# the app run while it installs, or parts of it come from folders.
function dependencies::digest() {
	[[ -n ${LOCK_FILE} && ${YARN_BERRY} == no ]] || return 0
	if package_json::is '.workspaces != null' || [[ -f pnpm-workspace.yaml ]] ||
		package_json::is '.scripts | (.preinstall, .install, .postinstall, .prepublish, .preprepare, .prepare, .postprepare) // empty | true'; then
		return 0
	fi
	if grep --quiet --extended-regexp '(file|link|portal):' package.json "${LOCK_FILE}"; then
		return 0
	fi
	{
		printf '%s\n' "${NODE_VERSION}" "${NODE_ENV}" "$("${PACKAGE_MANAGER}" --version)"
		cat package.json "${LOCK_FILE}" .npmrc .yarnrc 2>/dev/null || true
		# A config var may be a setting of the package manager, or of a package that is being installed.
		(cd "${ENV_DIR}" && tail --verbose --bytes=+1 -- * </dev/null)
	} | sha256sum | cut --delimiter=' ' --fields=1
}

# Installs, unless the modules from the cache already are what the files ask for.
function dependencies::install() {
	local digest="${1}" log
	if cache::restore_modules "${digest}"; then
		output::step "Using the packages of the last build: nothing about them changed"
		return 0
	fi
	log="$(mktemp)"
	output::step "Installing packages${LOCK_FILE:+ from ${LOCK_FILE}} with ${PACKAGE_MANAGER}"
	if ! "dependencies::install_with_${PACKAGE_MANAGER}" |& tee "${log}" | output::indent; then
		dependencies::explain "${log}"
	fi
}

function dependencies::install_with_npm() {
	local command=install dev=--include=dev
	[[ -z ${LOCK_FILE} ]] || command=ci
	((MANAGER_MAJOR >= 7)) || dev=--production=false
	npm_config_cache="${CACHE}/npm" hooks::with_config npm "${command}" "${dev}" --prefer-offline
}

function dependencies::install_with_yarn() {
	if [[ ${YARN_BERRY} == yes ]]; then
		YARN_ENABLE_GLOBAL_CACHE=false hooks::with_config yarn install ${LOCK_FILE:+--immutable}
	else
		YARN_CACHE_FOLDER="${CACHE}/yarn" hooks::with_config yarn install ${LOCK_FILE:+--frozen-lockfile} \
			--production=false --ignore-engines --prefer-offline --non-interactive --no-progress
	fi
}

function dependencies::install_with_pnpm() {
	hooks::with_config env CI=true pnpm install ${LOCK_FILE:+--frozen-lockfile} --prod=false --prefer-offline \
		--store-dir="${CACHE}/pnpm" --reporter=append-only
}

# Says what to do about the commonest reasons.
function dependencies::explain() {
	local log="${1}"
	if grep --quiet --extended-regexp 'can only install packages when your package|needs to be updated, but yarn was run with|YN0028|ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_LOCKFILE_CONFIG_MISMATCH' "${log}"; then
		output::fail <<-EOF
			Error: ${LOCK_FILE} does not go with package.json.

			Run '${PACKAGE_MANAGER} install' on your machine, commit the ${LOCK_FILE}
			that it writes, and push again.
		EOF
	fi
	if grep --quiet --extended-regexp 'npm (ERR!|error) code EBADENGINE|ERR_PNPM_UNSUPPORTED_ENGINE' "${log}"; then
		output::fail <<-EOF
			Error: A package does not run on Node.js ${NODE_VERSION}.

			The lines above say which one, and what it wants. Choose another
			Node.js in package.json:

			    "engines": { "node": "${DEFAULT_NODE}" }
		EOF
	fi
	output::fail <<-EOF
		Error: The app's packages could not be installed.

		The lines above say which one and why. If it works on your
		machine, compare the versions: here it is Node.js ${NODE_VERSION}
		with ${PACKAGE_MANAGER} $("${PACKAGE_MANAGER}" --version).
	EOF
}
