#!/usr/bin/env bash
# Gets the package manager and puts it beside Node.js.

# Sets MANAGER_VERSION: what was asked for, else what goes with the lock file and this Node.js. Empty for a Yarn that lies
# in the source, and for the stack's npm.
function manager_release::resolve() {
	local wanted="${MANAGER_REQUESTED}" status=0
	MANAGER_VERSION=''
	if manager_release::is_here "${wanted}"; then
		return 0
	fi
	if [[ -z ${wanted} ]]; then
		MANAGER_ORIGIN=default
		wanted="$(manager_release::default_version)"
	fi
	if ! registry::is_range "${wanted}"; then
		status=1
	else
		MANAGER_VERSION="$(registry::resolve "$(manager_release::package)" "${wanted}")" || status=$?
	fi
	manager_release::explain "${status}" "${wanted}"
}

# Succeeds for a Yarn that lies in the source, and when the stack's npm will do.
function manager_release::is_here() {
	if [[ ${YARN_BERRY} == yes ]]; then
		[[ -n $(package_manager::yarn_path) ]]
	else
		[[ ${PACKAGE_MANAGER} == npm && -z $(manager_release::npm_for_node) ]] &&
			{ [[ -z ${1} ]] || registry::satisfies "$(manager_release::version_of "${STACK_NODE}/lib/node_modules/npm")" "${1}"; }
	fi
}

# Usage: manager_release::explain <what the registry returned> <version>
function manager_release::explain() {
	case "${1}" in
		0) ;;
		1)
			output::fail <<-EOF
				Error: There is no ${PACKAGE_MANAGER} ${2:0:80}.

				It was asked for in ${MANAGER_ORIGIN}. Write a version that
				there is, or take it out to get the one that goes with
				Node.js ${NODE_VERSION}.
			EOF
			;;
		*) registry::explain_silence "${PACKAGE_MANAGER} ${2}" ;;
	esac
}

# The registry's package of the package manager.
function manager_release::package() {
	if [[ ${YARN_BERRY} == yes ]]; then
		printf '@yarnpkg/cli-dist'
	else
		printf '%s' "${PACKAGE_MANAGER}"
	fi
}

# What goes with the lock file's format, or for npm with this Node.js; empty for the stack's npm.
function manager_release::default_version() {
	local major="${NODE_VERSION%%.*}"
	case "${PACKAGE_MANAGER}" in
		npm) manager_release::npm_for_node ;;
		pnpm)
			case "$(sed --quiet --regexp-extended "s/^lockfileVersion: *'?([0-9]+).*/\1/p" pnpm-lock.yaml 2>/dev/null)" in
				5) printf '7' ;;
				6) printf '8' ;;
				*) if ((major >= 18)); then printf '10'; else printf '8'; fi ;;
			esac
			;;
		yarn)
			if [[ ${YARN_BERRY} == no ]]; then
				printf '1'
			elif ((major >= 18)); then
				printf '4'
			else
				printf '3'
			fi
			;;
	esac
}

# The line of npm that runs on this Node.js; empty when that is the stack's.
function manager_release::npm_for_node() {
	local major minor
	IFS=. read -r major minor _ <<<"${NODE_VERSION}"
	if ((major > 22 || (major == 22 && minor >= 9) || (major == 20 && minor >= 17))); then
		return 0
	elif ((major >= 18)); then
		printf '10'
	elif ((major >= 14)); then
		printf '8'
	elif ((major >= 6)); then
		printf '6'
	else
		printf '2'
	fi
}

# Puts npm, and the package manager beside it, into /app/.heroku/node: scripts of any app may call npm or npx.
function manager_release::install() {
	local version
	if [[ ${PACKAGE_MANAGER} == npm ]]; then
		manager_release::install_npm "${MANAGER_VERSION}"
	else
		manager_release::install_npm "$(registry::resolve npm "$(manager_release::npm_for_node)")"
		if [[ -n ${MANAGER_VERSION} ]]; then
			manager_release::install_package "$(manager_release::package)" "${MANAGER_VERSION}" "${PACKAGE_MANAGER}"
		else
			chmod +x "$(package_manager::yarn_path)"
			ln --symbolic --force "../../../$(package_manager::yarn_path)" .heroku/node/bin/yarn
		fi
	fi
	version="$("${PACKAGE_MANAGER}" --version)"
	MANAGER_MAJOR="${version%%.*}"
	output::step "Using ${PACKAGE_MANAGER} ${version}"
}

# Usage: manager_release::install_npm <version, or nothing for the stack's>
function manager_release::install_npm() {
	local version="${1}" stack="${STACK_NODE}/lib/node_modules/npm" target=.heroku/node/lib/node_modules/npm
	if [[ -n ${version} ]]; then
		manager_release::install_package npm "${version}" npm
	elif [[ $(manager_release::version_of "${target}") != "$(manager_release::version_of "${stack}")" ]]; then
		rm --recursive --force "${target}"
		mkdir --parents "${target%/*}"
		cp --recursive "${stack}" "${target}"
		manager_release::link_programs "${target}"
	fi
}

# Usage: manager_release::install_package <package> <version> <folder>
function manager_release::install_package() {
	local package="${1}" version="${2}" target=".heroku/node/lib/node_modules/${3}" status=0
	[[ $(manager_release::version_of "${target}") == "${version}" ]] && return 0
	rm --recursive --force "${target}"
	registry::fetch "${package}" "${version}" "${target}" || status=$?
	manager_release::explain "${status}" "${version}"
	manager_release::link_programs "${target}"
}

function manager_release::version_of() {
	[[ ! -f ${1}/package.json ]] || jq --raw-output '.version' "${1}/package.json"
}

# Links what a package declares as its programs into the folder that is on PATH.
function manager_release::link_programs() {
	local folder="${1}" name path
	while IFS=$'\t' read -r name path; do
		chmod +x "${folder}/${path}"
		ln --symbolic --force "../lib/node_modules/${folder##*/}/${path}" ".heroku/node/bin/${name}"
	done < <(jq --raw-output '.name as $name | .bin | if type == "string" then {($name): .} else . end
		| to_entries[] | [.key, .value] | @tsv' "${folder}/package.json")
}
