#!/usr/bin/env bash
# Which package manager installs the app's packages, and in which version.

# Sets PACKAGE_MANAGER (`npm`, `yarn` or `pnpm`), LOCK_FILE (empty without one), MANAGER_REQUESTED (a version or range,
# or empty), MANAGER_ORIGIN (where that was read) and YARN_BERRY (`yes` for Yarn 2 and newer).
function package_manager::determine() {
	local declared by_lock=''
	declared="$(package_json::read '.packageManager')"
	package_manager::find_lock_file
	case "${LOCK_FILE}" in
		package-lock.json | npm-shrinkwrap.json) by_lock=npm ;;
		yarn.lock) by_lock=yarn ;;
		pnpm-lock.yaml) by_lock=pnpm ;;
	esac
	[[ -n ${declared} ]] && package_manager::check_declared "${declared}" "${by_lock}"
	PACKAGE_MANAGER="${by_lock:-${declared%%@*}}"
	PACKAGE_MANAGER="${PACKAGE_MANAGER:-npm}"
	if [[ -z ${LOCK_FILE} ]]; then
		output::warning <<-EOF
			Warning: There is no lock file.

			So each build may install other versions than the last one. Run
			'${PACKAGE_MANAGER} install' on your machine, and commit the lock file that
			it writes.
		EOF
	fi
	if [[ -n ${declared} ]]; then
		MANAGER_REQUESTED="${declared#*@}"
		MANAGER_REQUESTED="${MANAGER_REQUESTED%%+*}"
		MANAGER_ORIGIN='packageManager of package.json'
	else
		MANAGER_REQUESTED="$(package_json::read ".engines.${PACKAGE_MANAGER}")"
		MANAGER_ORIGIN="engines.${PACKAGE_MANAGER} of package.json"
	fi
	[[ ${MANAGER_REQUESTED} == '*' ]] && MANAGER_REQUESTED=''
	YARN_BERRY=no
	if [[ ${PACKAGE_MANAGER} == yarn ]] && package_manager::is_berry; then
		YARN_BERRY=yes
	fi
}

function package_manager::find_lock_file() {
	local found=() name
	LOCK_FILE=''
	for name in package-lock.json yarn.lock pnpm-lock.yaml; do
		[[ -f ${name} ]] && found+=("${name}")
	done
	# npm itself goes by its shrinkwrap file when both are there.
	if [[ -f npm-shrinkwrap.json ]]; then
		[[ ${found[0]:-} == package-lock.json ]] && found=("${found[@]:1}")
		found=(npm-shrinkwrap.json "${found[@]}")
	fi
	if ((${#found[@]} > 1)); then
		output::fail <<-EOF
			Error: There are lock files of more than one package manager.

			Found: $(printf '%s, ' "${found[@]}" | sed 's/, $//').

			They may not agree, so exactly one of them may be in the source.
			Keep the one of the package manager that you work with, and
			delete the others:

			    git rm ${found[1]}
		EOF
	fi
	LOCK_FILE="${found[0]:-}"
	if [[ -z ${LOCK_FILE} ]] && compgen -G 'bun.lock*' >/dev/null; then
		output::fail <<-'EOF'
			Error: Bun is not supported.

			Run 'npm install' on your machine, commit the package-lock.json
			that it writes, and delete Bun's lock file.
		EOF
	fi
}

# Usage: package_manager::check_declared <packageManager of package.json> <package manager of the lock file>
function package_manager::check_declared() {
	local declared="${1}" by_lock="${2}"
	if [[ ! ${declared} =~ ^(npm|yarn|pnpm)@[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.]+)?$ ]]; then
		output::fail <<-EOF
			Error: '${declared:0:80}' is not a package manager that is known here.

			packageManager in package.json has to be npm, yarn or pnpm and an
			exact version, for example:

			    "packageManager": "pnpm@10.12.1"
		EOF
	fi
	if [[ -n ${by_lock} && ${declared%%@*} != "${by_lock}" ]]; then
		output::fail <<-EOF
			Error: The lock file is not the one of the app's package manager.

			packageManager in package.json says ${declared%%+*}, but the lock
			file is ${LOCK_FILE}. Run '${declared%%@*} install' on your machine, commit
			what it writes and delete ${LOCK_FILE}, or take packageManager
			out of package.json.
		EOF
	fi
}

function package_manager::is_berry() {
	if registry::is_exact "${MANAGER_REQUESTED}"; then
		[[ ${MANAGER_REQUESTED%%.*} != 1 ]]
	else
		[[ -n $(package_manager::yarn_path) ]] || grep --quiet --no-messages '^__metadata:' yarn.lock
	fi
}

# A release of Yarn that lies in the source.
function package_manager::yarn_path() {
	local path
	[[ -f .yarnrc.yml ]] || return 0
	path="$(sed --quiet --regexp-extended "s/^yarnPath: *[\"']?([^\"' ]+).*/\1/p" .yarnrc.yml)"
	[[ -f ${path} ]] && printf '%s' "${path}"
	return 0
}
