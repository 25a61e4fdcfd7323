#!/usr/bin/env bash
# Writes what every dyno of the app, every later buildpack, and bin/release need to know.

function profile::write() {
	local command quote="'"
	mkdir --parents .profile.d
	{
		printf 'export JAVA_HOME=%q\n' "${JAVA_HOME}"
		cat "${BUILDPACK_DIR}/lib/profile.d/java.sh"
	} >.profile.d/java.sh
	cat >"${BUILDPACK_DIR}/export" <<-EOF
		export JAVA_HOME="${JAVA_HOME}"
		export PATH="${JAVA_HOME}/bin:\${PATH}"
	EOF
	command="$(jars::command)"
	if [[ -n ${command} ]]; then
		printf -- "---\ndefault_process_types:\n  web: '%s'\n" "${command//${quote}/${quote}${quote}}" >"${BUILDPACK_DIR}/release.yml"
		return 0
	fi
	printf -- '--- {}\n' >"${BUILDPACK_DIR}/release.yml"
	[[ -f Procfile ]] || output::warning <<-'EOF'
		No jar was built that starts by itself, or more than one: a file
		named Procfile has to say what runs, as in

		    web: java -cp target/classes:target/dependency/* Main
	EOF
}
