#!/usr/bin/env bash
# Which Java the app is built with and runs on. The stack has one patch release of each, and updates it.

# Sets JAVA_MAJOR, and puts that JDK into the environment. Without a wish it is DEFAULT_JAVA, the newest of the stack.
function java_version::choose() {
	local requested found
	DEFAULT_JAVA="$(java_version::all | sed --quiet 1p)"
	requested="$(properties::get java.runtime.version)"
	if [[ -z ${requested} ]]; then
		JAVA_MAJOR="${DEFAULT_JAVA}"
		output::step "No Java version was specified: using the default, Java ${JAVA_MAJOR}"
	else
		java_version::read "${requested}"
		output::step "Using Java ${JAVA_MAJOR}, specified in system.properties"
	fi
	JAVA_HOME="$(java_version::home "${JAVA_MAJOR}")"
	[[ -x ${JAVA_HOME}/bin/javac ]] || java_version::explain_missing "${requested:-${DEFAULT_JAVA}}"
	export JAVA_HOME PATH="${JAVA_HOME}/bin:${PATH}"
	found="$(sed --quiet 's/^JAVA_VERSION="\(.*\)"$/\1/p' "${JAVA_HOME}/release")"
	if [[ ${requested} == *.*.* && ${requested} != *"${found}"* ]]; then
		output::warning <<-EOF
			Warning: Java ${requested} is not here, ${found} is used.

			The stack has one patch release of each version. Write just
			java.runtime.version=${JAVA_MAJOR} to get security updates.
		EOF
	fi
}

# Sets JAVA_MAJOR from `21`, `21.0.4`, `1.8` or a vendor's `openjdk-21.0.4`.
function java_version::read() {
	if [[ ! ${1} =~ ^([a-z]+-)?(1\.)?([0-9]+)([._][0-9._]+)?$ ]]; then
		output::fail <<-EOF
			Error: system.properties does not name a Java version.

			It holds: java.runtime.version=${1:0:80}

			Write just the version:

			    java.runtime.version=${DEFAULT_JAVA}
		EOF
	fi
	JAVA_MAJOR="${BASH_REMATCH[3]}"
}

# Prints the folder of a Java, which is the same in builds and dynos.
function java_version::home() {
	local found=(/usr/lib/jvm/java-"${1}"-openjdk-*)
	printf '%s' "${found[0]:-/usr/lib/jvm/java-${1}}"
}

# Prints the stack's versions, newest first.
function java_version::all() {
	local home
	for home in /usr/lib/jvm/java-[0-9]?-openjdk-*/bin/javac; do
		home="${home#/usr/lib/jvm/java-}"
		printf '%s\n' "${home%%-*}"
	done | sort --numeric-sort --reverse
}

function java_version::listed() {
	java_version::all | paste --serial --delimiters=, | sed 's/,/, /g'
}

function java_version::explain_missing() {
	output::fail <<-EOF
		Error: There is no Java ${1} here.

		This stack has: Java $(java_version::listed).

		Write one of them into system.properties and push again:

		    java.runtime.version=${DEFAULT_JAVA}
	EOF
}
