#!/usr/bin/env bash
# What is kept of a build for the next one: the installed environment, and wheels that had to be built.

readonly CACHE_LAYOUT=1

# Brings the last build's environment back when it was made with the same Python.
#
# Usage: cache::restore <full Python version>
function cache::restore() {
	local version="${1}"
	[[ -d ${CACHE}/venv ]] || return 0
	if [[ $(<"${CACHE}/version") != "${CACHE_LAYOUT} ${version}" ]]; then
		output::step "The last build had another Python, so its packages are installed anew"
		rm --recursive --force "${CACHE}"
		mkdir --parents "${CACHE}"
		return 0
	fi
	mv "${CACHE}/venv" .heroku/python
	local before files
	before="$(<"${CACHE}/build-dir")"
	mapfile -t files < <(cache::files_with_paths)
	((${#files[@]} == 0)) || sed --in-place "s#${before}#${BUILD_DIR}#g" "${files[@]}"
}

# Usage: cache::save <full Python version> <digest of what was installed>
function cache::save() {
	local version="${1}" digest="${2}"
	mkdir --parents "${CACHE}"
	rm --recursive --force "${CACHE}/venv"
	cp --archive --link .heroku/python "${CACHE}/venv"
	if [[ -d .heroku/cpython ]]; then
		rm --recursive --force "${CACHE}/cpython"
		cp --archive --link .heroku/cpython "${CACHE}/cpython"
	fi
	printf '%s' "${CACHE_LAYOUT} ${version}" >"${CACHE}/version"
	printf '%s' "${digest}" >"${CACHE}/digest"
	printf '%s' "${BUILD_DIR}" >"${CACHE}/build-dir"
}

# The Python of the last build, or nothing.
function cache::python_version() {
	local version=''
	[[ -f ${CACHE}/version ]] && version="$(<"${CACHE}/version")"
	printf '%s' "${version#* }"
}

function cache::digest() {
	[[ -f ${CACHE}/digest ]] && printf '%s' "$(<"${CACHE}/digest")"
	return 0
}

# Packages that are installed as editable have the build folder's path in files of these kinds.
function cache::files_with_paths() {
	local candidates
	candidates=(.heroku/python/lib/python*/site-packages/*.pth
		.heroku/python/lib/python*/site-packages/*.egg-link
		.heroku/python/lib/python*/site-packages/__editable__*.py)
	((${#candidates[@]} == 0)) || grep --files-with-matches --fixed-strings '/build_' -- "${candidates[@]}" || true
}
