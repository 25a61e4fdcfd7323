#!/usr/bin/env bash
# Runs the app's own scripts.

# The script that builds the app: Heroku's own name for it goes first.
function scripts::build() {
	if package_json::has_script heroku-postbuild; then
		scripts::run heroku-postbuild
	elif package_json::has_script build; then
		scripts::run build
	fi
}

function scripts::run_if_there() {
	! package_json::has_script "${1}" || scripts::run "${1}"
}

# Usage: scripts::run build
function scripts::run() {
	local script="${1}"
	output::step "Running the script ${script}: $(package_json::read ".scripts[\"${script}\"]" | head --lines=1)"
	if ! npm_config_cache="${CACHE}/npm" hooks::with_config "${PACKAGE_MANAGER}" run "${script}" |& output::indent; then
		output::fail <<-EOF
			Error: The script "${script}" of package.json failed.

			The lines above are what it said. Config vars are in its
			environment, and NODE_ENV is ${NODE_ENV}; devDependencies are
			installed. Try it on your machine:

			    NODE_ENV=${NODE_ENV} ${PACKAGE_MANAGER} run ${script}
		EOF
	fi
}
