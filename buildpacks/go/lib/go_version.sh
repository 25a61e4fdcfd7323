#!/usr/bin/env bash
# Which Go the app is built with. Every release is a version of the module golang.org/toolchain.

# The go command that fetches the others; it builds nothing itself.
readonly FIRST_GO=/usr/lib/nomapaas/go
readonly RESOLVED_FOR_SECONDS=86400
readonly ABSENT='404|410|not found|not available|unknown revision|invalid version'

GO_RELEASES=()

# Sets GO_REQUESTED (`1.25`, `1.25.3`, or nothing for the newest) and GO_ORIGIN (where it was read).
function go_version::read_requested() {
	local ruling
	ruling="$(modules::ruling_file)"

	GO_ORIGIN='the config var GOVERSION'
	GO_REQUESTED="$(hooks::config GOVERSION)"
	if [[ -z ${GO_REQUESTED} ]]; then
		GO_ORIGIN='the line "// +heroku goVersion" of go.mod'
		GO_REQUESTED="$(modules::directive go.mod '// \+heroku goVersion')"
	fi
	if [[ -z ${GO_REQUESTED} ]]; then
		GO_ORIGIN="the toolchain line of ${ruling}"
		GO_REQUESTED="$(modules::directive "${ruling}" toolchain)"
		[[ ${GO_REQUESTED} == default || ${GO_REQUESTED} == local ]] && GO_REQUESTED=''
	fi
	if [[ -z ${GO_REQUESTED} ]]; then
		GO_ORIGIN="the go line of ${ruling}"
		GO_REQUESTED="$(modules::directive "${ruling}" go)"
		go_version::widen_go_line
	fi
	GO_REQUESTED="${GO_REQUESTED#go}"
	[[ -z ${GO_REQUESTED} ]] && return 0
	if [[ ! ${GO_REQUESTED} =~ ^1\.[0-9]+(\.[0-9]+|rc[0-9]+|beta[0-9]+)?$ ]]; then
		output::fail <<-EOF
			Error: ${GO_ORIGIN^} does not name a Go version.

			It says: ${GO_REQUESTED:0:80}

			A version is for example 1.25 (its newest release) or 1.25.3.
		EOF
	fi
}

# A go line is the least that the code needs: its newest release has the security updates. Before Go 1.21 the line
# chose only features of the language, so that the newest Go of all builds it.
function go_version::widen_go_line() {
	local minor="${GO_REQUESTED#1.}"
	minor="${minor%%.*}"
	[[ ${minor} =~ ^[0-9]+$ ]] || return 0
	if ((minor < 21)); then
		GO_REQUESTED=''
	else
		GO_REQUESTED="1.${minor}"
	fi
}

# Sets GO_VERSION, a release such as `1.25.3`.
function go_version::resolve() {
	if [[ ${GO_REQUESTED} == *.*.* || ${GO_REQUESTED} == *[a-z]* ]]; then
		GO_VERSION="${GO_REQUESTED}"
	elif ! go_version::read_resolved; then
		go_version::list
		GO_VERSION="$(go_version::newest)" || go_version::explain_missing
		printf '%s\n%s\n' "${GO_REQUESTED:-any}" "${GO_VERSION}" >"${CACHE}/resolved"
	fi
	if [[ -n ${GO_REQUESTED} ]]; then
		output::step "Using Go ${GO_VERSION}, specified by ${GO_ORIGIN}"
	else
		output::step "Using Go ${GO_VERSION}, the newest: ${GO_ORIGIN} asks for no certain one"
	fi
}

# What `1.25` means is asked once a day, so that most builds need no registry.
function go_version::read_resolved() {
	local lines age
	[[ -f ${CACHE}/resolved ]] || return 1
	mapfile -t lines <"${CACHE}/resolved"
	age=$(($(date +%s) - $(stat --format=%Y "${CACHE}/resolved")))
	[[ ${lines[0]} == "${GO_REQUESTED:-any}" ]] && ((age < RESOLVED_FOR_SECONDS)) || return 1
	GO_VERSION="${lines[1]}"
}

# Sets GO_RELEASES, all that the module proxy lists for this kind of machine, oldest first.
function go_version::list() {
	local listed log
	listed="$(mktemp)" log="$(mktemp)"
	if ! go_version::patiently "${log}" go_version::first_go GOTOOLCHAIN=local "GOMODCACHE=${CACHE}/mod" -- \
		list -m -versions golang.org/toolchain >"${listed}"; then
		go_version::explain_silence "${log}"
	fi
	mapfile -t GO_RELEASES < <(tr ' ' '\n' <"${listed}" |
		sed --quiet --regexp-extended 's/^v0\.0\.1-go(.*)\.linux-amd64$/\1/p' | sort --version-sort)
}

# Prints the newest release of what is requested; fails when there is none.
function go_version::newest() {
	local release newest='' form="^${GO_REQUESTED:-1\.[0-9]+}(\.[0-9]+)?\$"
	for release in "${GO_RELEASES[@]}"; do
		[[ ! ${release} =~ ${form} ]] || newest="${release}"
	done
	[[ -n ${newest} ]] && printf '%s' "${newest}"
}

# Tries a command that needs the registry up to three times; what the last one complained about is in the log.
#
# Usage: go_version::patiently <log> <command> [<argument>...]
function go_version::patiently() {
	local log="${1}" left=3
	while ! "${@:2}" 2>"${log}"; do
		((--left)) && ! grep --quiet --extended-regexp "${ABSENT}" "${log}" || return 1
	done
}

# Runs the stack's own go command, outside of any module.
#
# Usage: go_version::first_go [NAME=value...] -- <argument of go>...
function go_version::first_go() {
	local settings=()
	while [[ ${1} != -- ]]; do
		settings+=("${1}")
		shift
	done
	(cd / && hooks::with_config env "GOROOT=${FIRST_GO}" GO111MODULE=on GOWORK=off "${settings[@]}" "${FIRST_GO}/bin/go" "${@:2}")
}

# Ends the build because the registry could not be asked.
function go_version::explain_silence() {
	tail --lines=3 "${1}" | output::indent
	output::fail <<-'EOF'
		Error: The Go module proxy does not answer.

		Push again in a while. If it goes on, the platform's operator has to
		see why builds do not reach it.
	EOF
}

# Ends the build because there is no such Go.
function go_version::explain_missing() {
	local release finished=()
	((${#GO_RELEASES[@]})) || go_version::list
	for release in "${GO_RELEASES[@]}"; do
		[[ ! ${release} =~ ^[0-9.]+$ ]] || finished+=("${release}")
	done
	output::fail <<-EOF
		Error: There is no Go ${GO_REQUESTED:-at all} to be had.

		It was asked for by ${GO_ORIGIN}. The newest ones are:
		${finished[*]: -12}

		Write one of them, or a version without its last number, into the
		toolchain or go line of $(modules::ruling_file) and push again.
	EOF
}
