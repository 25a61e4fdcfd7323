#!/usr/bin/env bash
# Which Python the app runs on.

# Stacks differ in what they have; the newest is the default.
STACK_PYTHONS=()
for version in 3.13 3.11; do
	[[ -x /usr/bin/python${version} ]] && STACK_PYTHONS+=("${version}")
done
readonly STACK_PYTHONS DEFAULT_PYTHON="${STACK_PYTHONS[0]}"

# Sets PYTHON_REQUESTED (`3.13` or `3.13.2`) and PYTHON_ORIGIN (where it was read).
#
# Usage: python_version::read_requested <package manager> <version of the last build>
function python_version::read_requested() {
	local package_manager="${1}" cached="${2}"

	if [[ -f runtime.txt ]]; then
		PYTHON_ORIGIN=runtime.txt
		python_version::read_runtime_txt
	elif [[ -f .python-version ]]; then
		PYTHON_ORIGIN=.python-version
		python_version::read_python_version_file
	elif [[ ${package_manager} == pipenv ]] && python_version::read_pipfile_lock; then
		PYTHON_ORIGIN=Pipfile.lock
	elif [[ ${package_manager} == uv ]] && python_version::read_requires_python; then
		PYTHON_ORIGIN='requires-python of pyproject.toml'
	elif [[ -n ${cached} ]]; then
		PYTHON_REQUESTED="${cached%.*}"
		PYTHON_ORIGIN=cached
	else
		PYTHON_REQUESTED="${DEFAULT_PYTHON}"
		PYTHON_ORIGIN=default
	fi
}

function python_version::read_runtime_txt() {
	local content
	content="$(tr --delete '\r\000' <runtime.txt | sed 's/^[[:space:]]*//; s/[[:space:]]*$//')"
	if [[ ! ${content} =~ ^python-([0-9]+\.[0-9]+(\.[0-9]+)?)$ ]]; then
		output::fail <<-EOF
			Error: runtime.txt does not name a Python version.

			It holds: ${content:0:80}

			Delete it, and add a file '.python-version' with just the version:

			    ${DEFAULT_PYTHON}
		EOF
	fi
	PYTHON_REQUESTED="${BASH_REMATCH[1]}"
	output::warning <<-EOF
		Warning: runtime.txt is deprecated.

		Delete it, and add a file '.python-version' with just the version:

		    ${PYTHON_REQUESTED%.*}
	EOF
}

function python_version::read_python_version_file() {
	local lines=() line
	while IFS= read -r line || [[ -n ${line} ]]; do
		line="${line%%#*}"
		line="${line//[$'\r\t ']/}"
		[[ -n ${line} ]] && lines+=("${line}")
	done < <(tr --delete '\000' <.python-version | sed '1s/^\xEF\xBB\xBF//; 1s/^\xFF\xFE//')
	if [[ ${#lines[@]} -ne 1 || ! ${lines[0]} =~ ^(python-|cpython-)?([0-9]+\.[0-9]+(\.[0-9]+)?)$ ]]; then
		output::fail <<-EOF
			Error: .python-version does not name one Python version.

			It must have exactly one line with a version, for example:

			    ${DEFAULT_PYTHON}

			It has ${#lines[@]} line(s)${lines[0]:+, the first is: ${lines[0]:0:80}}
		EOF
	fi
	PYTHON_REQUESTED="${BASH_REMATCH[2]}"
}

# Pipenv writes down what the Pipfile requires, in full or in part; nothing, or `*`, leaves it open.
function python_version::read_pipfile_lock() {
	local required
	required="$(jq --raw-output '._meta.requires | .python_full_version // .python_version // ""' Pipfile.lock 2>/dev/null)" || return 1
	[[ ${required} =~ ^3\.[0-9]+(\.[0-9]+)?$ ]] || return 1
	PYTHON_REQUESTED="${required}"
}

# A uv project without a .python-version may still rule some Pythons out.
function python_version::read_requires_python() {
	local found
	[[ -f pyproject.toml ]] && grep --quiet '^requires-python' pyproject.toml || return 1
	found="$(UV_PYTHON_DOWNLOADS=never uv python find --no-managed-python --no-python-downloads 2>/dev/null)" || return 1
	[[ ${found##*/} =~ ^python(3\.[0-9]+)$ ]] || return 1
	PYTHON_REQUESTED="${BASH_REMATCH[1]}"
}

# Says which Python it will be and why.
function python_version::announce() {
	case "${PYTHON_ORIGIN}" in
		default) output::step "No Python version was specified: using the default, Python ${PYTHON_REQUESTED}" ;;
		cached) output::step "No Python version was specified: using the same as the last build, Python ${PYTHON_REQUESTED}" ;;
		*) output::step "Using Python ${PYTHON_REQUESTED}, specified in ${PYTHON_ORIGIN}" ;;
	esac
}

# Sets PYTHON_BASE, the interpreter that the app's environment is made from, and PYTHON_FULL, its version.
function python_version::resolve() {
	local major_minor
	major_minor="$(python_version::major_minor)"
	if [[ " ${STACK_PYTHONS[*]} " == *" ${major_minor} "* ]]; then
		PYTHON_BASE="/usr/bin/python${major_minor}"
	else
		python_version::fetch "${major_minor}"
	fi
	PYTHON_FULL="$("${PYTHON_BASE}" --version)"
	PYTHON_FULL="${PYTHON_FULL#Python }"
	if [[ ${PYTHON_REQUESTED} == *.*.* && ${PYTHON_REQUESTED} != "${PYTHON_FULL}" ]]; then
		output::warning <<-EOF
			Warning: Python ${PYTHON_REQUESTED} is not here, ${PYTHON_FULL} is used.

			The stack has one patch release of each version. Write just
			${major_minor} into .python-version to get security updates.
		EOF
	fi
}

function python_version::major_minor() {
	local parts
	IFS=. read -r -a parts <<<"${PYTHON_REQUESTED}"
	printf '%s.%s\n' "${parts[0]}" "${parts[1]}"
}

# Versions that the stack lacks can be had where the internet is reachable.
function python_version::fetch() {
	local major_minor="${1}" folder=/app/.heroku/cpython log
	if [[ ${major_minor} == 3.* ]] && ((${major_minor#3.} >= 9)); then
		output::step "Python ${PYTHON_REQUESTED} is not in the stack, looking for it on the internet"
		mkdir --parents .heroku/cpython
		ln --symbolic --no-dereference --force "${PWD}/.heroku/cpython" "${folder}"
		[[ -d ${CACHE}/cpython ]] && cp --archive --link "${CACHE}/cpython/." .heroku/cpython/
		log="$(mktemp)"
		if UV_HTTP_RETRIES=1 UV_PYTHON_DOWNLOADS=manual timeout 120 uv python install --no-progress --no-bin \
			--install-dir="${folder}" "${PYTHON_REQUESTED}" &>"${log}"; then
			PYTHON_BASE="$(compgen -G "${folder}/cpython-${major_minor}.*/bin/python${major_minor}" | sort --version-sort | tail --lines=1)"
			[[ -n ${PYTHON_BASE} ]] && return 0
		fi
		tail --lines=2 "${log}" | output::indent
	fi
	output::fail <<-EOF
		Error: There is no Python ${PYTHON_REQUESTED} here.

		This stack has: Python $(python_version::listed).
		It was asked for in ${PYTHON_ORIGIN}.

		Write one of them into a file '.python-version' in the app's top
		folder and push again.
	EOF
}

function python_version::listed() {
	local listed
	printf -v listed '%s, ' "${STACK_PYTHONS[@]}"
	printf '%s' "${listed%, }"
}
