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
