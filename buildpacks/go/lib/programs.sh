#!/usr/bin/env bash
# Which programs the app has, and how they are built into bin/.

# Sets PROGRAMS, the import paths of what is built.
function programs::choose() {
	local spec
	spec="$(hooks::config GO_INSTALL_PACKAGE_SPEC)"
	[[ -n ${spec} ]] || spec="$(modules::directive go.mod '// \+heroku install')"
	if [[ -n ${spec} ]]; then
		read -r -a PROGRAMS <<<"${spec}"
		return 0
	fi
	if [[ -f go.work ]]; then
		mapfile -t folders < <(go list -m -f '{{.Dir}}')
		programs::find "${folders[@]/%//...}"
	else
		programs::find . ./cmd/...
		((${#PROGRAMS[@]})) || programs::find ./...
	fi
	((${#PROGRAMS[@]})) && return 0
	output::fail <<-'EOF'
		Error: No program was found: there is no 'package main'.

		Programs are looked for in the top folder and below cmd/, and if
		there is none, in every folder. To build other ones, name them:

		    nomapaas config:set GO_INSTALL_PACKAGE_SPEC=./path/to/program
	EOF
}

# Sets PROGRAMS to the main packages among these patterns.
function programs::find() {
	local listed log
	listed="$(mktemp)" log="$(mktemp)"
	if ! hooks::with_config go list -e -find -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' "${@}" >"${listed}" 2>"${log}"; then
		output::indent <"${log}"
		programs::explain "${log}"
	fi
	mapfile -t PROGRAMS < <(sed '/^$/d' "${listed}")
}

function programs::build() {
	local flags=(-trimpath -buildvcs=false -tags=heroku) symbol value log
	symbol="$(hooks::config GO_LINKER_SYMBOL)" value="$(hooks::config GO_LINKER_VALUE)"
	[[ -z ${symbol} ]] || flags+=("-ldflags=-X '${symbol}=${value:-${SOURCE_VERSION:-}}'")
	[[ ! -f vendor/modules.txt ]] || output::step "Using the packages in vendor/"
	output::step "Running: go install ${flags[*]} ${PROGRAMS[*]}"
	log="$(mktemp)"
	mkdir --parents bin
	if ! hooks::with_config env "GOBIN=${BUILD_DIR}/bin" go install -v "${flags[@]}" "${PROGRAMS[@]}" |&
		tee "${log}" | output::counted '^[^ :#]+$' 50 'packages compiled' | output::indent; then
		programs::explain "${log}"
	fi
	output::step "Built into bin/: $(programs::names | paste --serial --delimiters=' ')"
}

# Prints the name of each program, as the go command gives it: the last part of its path that is no version.
function programs::names() {
	hooks::with_config go list -f '{{.Target}}' "${PROGRAMS[@]}" 2>/dev/null | sed 's#.*/##; /^$/d' | sort --unique
}

# Says how to mend what the go command complained about, and ends the build.
function programs::explain() {
	local log="${1}"
	if grep --quiet --extended-regexp 'missing go.sum entry|updates to go.(mod|sum) needed|no required module provides|is not in std|is not in GOROOT|checksum mismatch' "${log}"; then
		output::fail <<-'EOF'
			Error: go.mod and go.sum do not fit the code.

			Run this, commit both files, and push again:

			    go mod tidy
		EOF
	fi
	if grep --quiet 'inconsistent vendoring' "${log}"; then
		output::fail <<-'EOF'
			Error: The vendor folder does not fit go.mod.

			Run this, commit the folder, and push again:

			    go mod vendor
		EOF
	fi
	if grep --quiet --extended-regexp 'requires go *>= *[0-9]' "${log}"; then
		output::fail <<-EOF
			Error: Go ${GO_VERSION} is too old for the app or for a module of it.

			It was chosen by ${GO_ORIGIN}. Name at least the version that the
			lines above ask for.
		EOF
	fi
	if grep --quiet --extended-regexp 'terminal prompts disabled|could not read Username|404 Not Found|410 Gone|unrecognized import path' "${log}"; then
		output::fail <<-'EOF'
			Error: A module could not be fetched.

			The lines above say which one. If it is private, put it into the
			source and push again:

			    go mod vendor
		EOF
	fi
	output::fail <<-'EOF'
		Error: The app could not be built.

		The lines above say why; 'go build ./...' on your machine should say
		the same.
	EOF
}
