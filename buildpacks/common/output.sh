#!/usr/bin/env bash
# What a build says, in Heroku's form.

# Prints a step of the build.
#
# Usage: output::step "Installing dependencies"
function output::step() {
	printf -- '-----> %s\n' "${1}"
}

# Indents what a command prints below its step.
#
# Usage: command |& output::indent
function output::indent() {
	sed --unbuffered 's/^/       /'
}

# Passes lines on; of those that match a pattern only says their number from time to time.
#
# Usage: command |& output::counted '^Downloaded ' 25 'files downloaded' | output::indent
function output::counted() {
	local pattern="${1}" step="${2}" what="${3}" count=0 line
	while IFS= read -r line || [[ -n ${line} ]]; do
		if [[ ! ${line} =~ ${pattern} ]]; then
			printf '%s\n' "${line}"
		elif ((++count % step == 0)); then
			printf '%s %s\n' "${count}" "${what}"
		fi
	done
}

# Prints what the user should change, though the build goes on.
#
# Usage: output::warning <<-EOF
function output::warning() {
	printf '\n'
	sed 's/^/ !     /; s/ *$//'
	printf '\n'
}

# Prints why the build cannot go on, and ends it.
#
# Usage: output::fail <<-EOF
function output::fail() {
	output::warning
	exit 1
}
