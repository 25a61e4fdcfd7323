#!/usr/bin/env bash
# Takes out of the slug what only the build needed.

# Removes devDependencies, unless the app says that it wants them at run time.
function prune::dev_dependencies() {
	local setting
	package_json::is '.devDependencies | length > 0' || package_json::is '.workspaces != null' || return 0
	if [[ ${NODE_ENV} != production ]]; then
		output::step "Keeping devDependencies: NODE_ENV is ${NODE_ENV}"
		return 0
	fi
	for setting in NPM_CONFIG_PRODUCTION=false YARN_PRODUCTION=false PNPM_SKIP_PRUNING=true; do
		if [[ $(hooks::config "${setting%%=*}") == "${setting#*=}" ]]; then
			output::step "Keeping devDependencies: the config var ${setting%%=*} is ${setting#*=}"
			return 0
		fi
	done
	output::step "Removing devDependencies"
	if ! "prune::with_${PACKAGE_MANAGER}" |& output::indent; then
		output::fail <<-'EOF'
			Error: The devDependencies could not be removed.

			The lines above say why. To leave them in the slug:

			    nomapaas config:set NPM_CONFIG_PRODUCTION=false
		EOF
	fi
}

function prune::with_npm() {
	local omit=--omit=dev
	((MANAGER_MAJOR >= 7)) || omit=--production
	npm_config_cache="${CACHE}/npm" hooks::with_config npm prune "${omit}" --ignore-scripts
}

function prune::with_yarn() {
	if [[ ${YARN_BERRY} == no ]]; then
		YARN_CACHE_FOLDER="${CACHE}/yarn" hooks::with_config yarn install --frozen-lockfile --production --ignore-scripts \
			--ignore-engines --prefer-offline --non-interactive --no-progress
	elif ((MANAGER_MAJOR >= 4)) || grep --quiet 'plugin-workspace-tools' .yarnrc.yml; then
		YARN_ENABLE_GLOBAL_CACHE=false YARN_ENABLE_SCRIPTS=false hooks::with_config yarn workspaces focus --all --production
	else
		echo "Yarn ${MANAGER_MAJOR} needs its plugin workspace-tools for that: they stay."
	fi
}

function prune::with_pnpm() {
	if [[ -f pnpm-workspace.yaml ]] && grep --quiet '^packages:' pnpm-workspace.yaml; then
		echo 'pnpm cannot do that in a workspace: they stay.'
		return 0
	fi
	hooks::with_config env CI=true pnpm prune --prod --ignore-scripts --config.store-dir="${CACHE}/pnpm"
}

# Headers are for compiling; Yarn's archives are for apps without a node_modules folder.
function prune::slug() {
	rm --recursive --force .heroku/node/include .heroku/node/share .heroku/node/{CHANGELOG,README}.md
	[[ ${YARN_BERRY} == no || -f .pnp.cjs ]] || rm --recursive --force .yarn/cache
}
