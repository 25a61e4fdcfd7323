#!/usr/bin/env bash
# Writes what every dyno of the app, every later buildpack, and bin/release need to know.

function profile::write() {
	local web
	mkdir --parents .profile.d
	cp "${BUILDPACK_DIR}/lib/profile.d/go.sh" .profile.d/go.sh
	cat >"${BUILDPACK_DIR}/export" <<-EOF
		export PATH="${GOROOT}/bin:\${PATH}"
		export GOROOT="${GOROOT}" GOTOOLCHAIN=local GOMODCACHE="${GOMODCACHE}" GOCACHE="${GOCACHE}"
	EOF
	web="$(profile::web_program)"
	if [[ -n ${web} ]]; then
		printf -- '---\ndefault_process_types:\n  web: bin/%s\n' "${web}" >"${BUILDPACK_DIR}/release.yml"
	else
		printf -- '--- {}\n' >"${BUILDPACK_DIR}/release.yml"
		[[ -f Procfile ]] || output::warning <<-'EOF'
			Several programs were built, and none of them is called web or
			server: a file named Procfile has to say which one listens, as in

			    web: bin/NAME
		EOF
	fi
}

# Prints the program that answers requests, when that is plain: the only one, that of the top folder, or one so called.
function profile::web_program() {
	local names top name
	mapfile -t names < <(programs::names)
	if ((${#names[@]} == 1)); then
		printf '%s' "${names[0]}"
		return 0
	fi
	top="$(hooks::with_config go list -e -find -f '{{if eq .Name "main"}}{{.Target}}{{end}}' . 2>/dev/null)" || top=''
	for name in "${top##*/}" web server; do
		if [[ -n ${name} && " ${names[*]} " == *" ${name} "* ]]; then
			printf '%s' "${name}"
			return 0
		fi
	done
}
