#!/usr/bin/env bash
# What is kept of a build for the next one: Node.js and the package manager, installed modules, downloads.

readonly CACHE_LAYOUT=1
readonly DOWNLOADS_MOST_KB=$((512 * 1024))

# Brings Node.js back when it is the version that is wanted.
function cache::restore_node() {
	local wanted="${CACHE_LAYOUT} ${NODE_VERSION}"
	[[ -f ${CACHE}/version ]] || return 0
	if [[ $(<"${CACHE}/version") != "${wanted}" ]]; then
		# Native modules are built for one Node.js.
		rm --recursive --force "${CACHE}/node" "${CACHE}/modules" "${CACHE}/digest"
		return 0
	fi
	cp --archive --link "${CACHE}/node" .heroku/node
}

function cache::save_node() {
	rm --recursive --force "${CACHE}/node"
	cp --archive --link .heroku/node "${CACHE}/node"
	printf '%s' "${CACHE_LAYOUT} ${NODE_VERSION}" >"${CACHE}/version"
}

# Brings the installed modules of the last build back, when their digest is the one given.
#
# Returns 1 when there are none.
function cache::restore_modules() {
	local digest="${1}"
	[[ -n ${digest} && -f ${CACHE}/digest && $(<"${CACHE}/digest") == "${digest}" && -d ${CACHE}/modules ]] || return 1
	[[ ! -e node_modules ]] || return 1
	cp --archive --link "${CACHE}/modules" node_modules
	cache::unlink_records node_modules
}

# Keeps the modules with those that only the build needs. An empty digest keeps nothing.
function cache::save_modules() {
	local digest="${1}"
	rm --recursive --force "${CACHE}/modules" "${CACHE}/digest"
	[[ -n ${digest} && -d node_modules && $(hooks::config NODE_MODULES_CACHE) != false ]] || return 0
	cp --archive --link node_modules "${CACHE}/modules"
	cache::unlink_records "${CACHE}/modules"
	printf '%s' "${digest}" >"${CACHE}/digest"
}

# Package managers write what is installed over their old record, which must not change the cache's.
function cache::unlink_records() {
	local file
	while IFS= read -r -d '' file; do
		cp --preserve=mode,timestamps "${file}" "${file}.own"
		mv "${file}.own" "${file}"
	done < <(find "${1}" -maxdepth 2 -type f \( -name '.*' -o -name lock.yaml \) -print0)
}

# Folders that the app itself wants kept: `cacheDirectories` of package.json, and Yarn's downloads that are part of an app.
function cache::folders() {
	jq --raw-output 'try (.cacheDirectories // .cache_directories // [])[] catch empty | strings' package.json |
		grep --invert-match --extended-regexp '^/|(^|/)\.\.(/|$)|^(\./)?node_modules/?$' || true
	[[ ${YARN_BERRY} == no ]] || printf '.yarn/cache\n'
}

function cache::restore_folders() {
	local folder
	while IFS= read -r folder; do
		if [[ -d ${CACHE}/folders/${folder} && ! -e ${folder} ]]; then
			mkdir --parents "$(dirname "${folder}")"
			cp --archive "${CACHE}/folders/${folder}" "${folder}"
		fi
	done < <(cache::folders)
}

function cache::save_folders() {
	local folder
	rm --recursive --force "${CACHE}/folders"
	while IFS= read -r folder; do
		if [[ -d ${folder} ]]; then
			mkdir --parents "$(dirname "${CACHE}/folders/${folder}")"
			cp --archive --link "${folder}" "${CACHE}/folders/${folder}"
		fi
	done < <(cache::folders)
	if (($(du --summarize --block-size=1024 "${CACHE}/npm" "${CACHE}/yarn" "${CACHE}/pnpm" 2>/dev/null |
		awk '{ sum += $1 } END { print sum + 0 }') > DOWNLOADS_MOST_KB)); then
		rm --recursive --force "${CACHE}/npm" "${CACHE}/yarn" "${CACHE}/pnpm"
	fi
}
