#!/usr/bin/env bash
# What says that the app is made of Go modules.

# Ends the build when there is no module, with how to make one.
function modules::check() {
	local name
	[[ -f go.mod || -f go.work ]] && return 0
	for name in Godeps/Godeps.json Gopkg.lock glide.yaml vendor/vendor.json; do
		if [[ -f ${name} ]]; then
			output::fail <<-EOF
				Error: ${name} is not supported: the app needs Go modules.

				Make a module out of it, and push again:

				    go mod init example.com/my-app
				    go mod tidy
			EOF
		fi
	done
	output::fail <<-'EOF'
		Error: There is Go code, but no go.mod.

		Make one, commit it together with go.sum, and push again:

		    go mod init example.com/my-app
		    go mod tidy

		If it is there, take it out of .gitignore and .slugignore.
	EOF
}

# Prints the file that rules: a workspace's, if there is one.
function modules::ruling_file() {
	if [[ -f go.work ]]; then
		echo go.work
	else
		echo go.mod
	fi
}

# Prints the rest of the first line that begins with these words, comments taken off; nothing when there is none.
#
# Usage: modules::directive go.mod toolchain
function modules::directive() {
	local file="${1}" words="${2}"
	[[ -f ${file} ]] || return 0
	sed --quiet --regexp-extended "s#^[[:space:]]*${words}[[:space:]]+([^[:space:]].*)#\1#; T; s#[[:space:]]*//.*##; p; q" \
		< <(tr --delete '\r' <"${file}")
}
