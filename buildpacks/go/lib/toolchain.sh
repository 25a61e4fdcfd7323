#!/usr/bin/env bash
# Installs the Go that was chosen, and keeps it with modules and compiled packages for the next build.

readonly CACHE_MAX_MB=800

# Puts the chosen Go on PATH, fetching it when the cache has another one.
function toolchain::install() {
	local folder="${CACHE}/go-${GO_VERSION}" other
	for other in "${CACHE}"/go-*; do
		[[ ${other} == "${folder}" ]] || rm --recursive --force "${other}"
	done
	[[ -x ${folder}/bin/go ]] || toolchain::fetch "${folder}"
	export GOROOT="${folder}" GOTOOLCHAIN=local GOMODCACHE="${CACHE}/mod" GOCACHE="${CACHE}/compiled" GO111MODULE=on
	export GOPATH="${TMPDIR:-/tmp}/gopath" GOTELEMETRY=off
	export PATH="${folder}/bin:${PATH}"
}

# Fetches through the go command, which checks what it gets against the checksum database.
function toolchain::fetch() {
	local folder="${1}" work made log
	work="$(mktemp --directory)" log="$(mktemp)"
	output::step "Installing Go ${GO_VERSION}"
	if ! go_version::patiently "${log}" go_version::first_go "GOTOOLCHAIN=go${GO_VERSION}" "GOMODCACHE=${work}/mod" -- \
		version >/dev/null; then
		grep --quiet --extended-regexp "${ABSENT}" "${log}" || go_version::explain_silence "${log}"
		GO_REQUESTED="${GO_VERSION}"
		go_version::explain_missing
	fi
	made=("${work}"/mod/golang.org/toolchain@*)
	chmod --recursive u+w "${work}"
	# Go's own tests and manuals are of no use to a build, and the cache travels with every one.
	rm --recursive --force "${made[0]}"/{api,doc,misc,test}
	find "${made[0]}/src" -name testdata -prune -exec rm --recursive --force {} +
	find "${made[0]}/src" -name '*_test.go' -delete
	mv "${made[0]}" "${folder}"
	rm --recursive --force "${work}"
}

# Leaves out of the cache what the next build does not need, and starts afresh when it has grown too large.
function toolchain::keep_small() {
	local folder
	find "${GOMODCACHE}/cache/download" -name '*.zip' -delete 2>/dev/null || true
	rm --recursive --force "${GOMODCACHE}/cache/vcs"
	for folder in "${GOMODCACHE}" "${GOCACHE}"; do
		[[ -d ${folder} ]] || continue
		if (($(du --summarize --block-size=1M "${folder}" | cut --fields=1) > CACHE_MAX_MB)); then
			chmod --recursive u+w "${folder}"
			rm --recursive --force "${folder}"
		fi
	done
}
