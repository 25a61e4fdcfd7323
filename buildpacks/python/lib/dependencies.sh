#!/usr/bin/env bash
# Installs what the app needs into /app/.heroku/python, with uv, whatever file says it.

# Makes the environment when the cache had none.
function dependencies::make_environment() {
	[[ -x .heroku/python/bin/python ]] && return 0
	output::step "Making an environment with Python ${PYTHON_FULL}"
	rm --recursive --force .heroku/python
	mkdir --parents .heroku/python
	uv venv --quiet --allow-existing --no-project --prompt=app --python="${PYTHON_BASE}" /app/.heroku/python |& output::indent
}

# Prints a digest of all that decides what is installed; empty when that cannot be told from files alone.
function dependencies::digest() {
	local files
	case "${PACKAGE_MANAGER}" in
		pip)
			requirements::can_change && return 0
			mapfile -t files < <(requirements::files)
			;;
		uv)
			grep --quiet --extended-regexp '^\[build-system\]|source = \{ (editable|directory|path) = ' pyproject.toml uv.lock && return 0
			files=(pyproject.toml uv.lock)
			;;
		poetry)
			grep --quiet '^type = "directory"' poetry.lock && return 0
			grep --quiet '^\[build-system\]' pyproject.toml && ! dependencies::is_no_package && return 0
			files=(pyproject.toml poetry.lock)
			;;
		pipenv)
			jq --exit-status '[.default[] | objects | has("git", "path", "file", "hg", "svn", "bzr")] | any' Pipfile.lock &>/dev/null && return 0
			files=(Pipfile.lock)
			;;
		*) return 1 ;;
	esac
	{
		printf '%s\n' "${PACKAGE_MANAGER}" "${PYTHON_FULL}" "$(uv --version)"
		sha256sum -- "${files[@]}"
	} | sha256sum | cut --delimiter=' ' --fields=1
}

# Installs, unless the environment from the cache already is what the files ask for.
function dependencies::install() {
	local digest="${1}"
	if [[ -n ${digest} && ${digest} == "$(cache::digest)" && -x .heroku/python/bin/python ]]; then
		output::step "Using the packages of the last build: nothing about them changed"
		return 0
	fi
	dependencies::make_environment
	export UV_CACHE_DIR="${CACHE}/uv" UV_LINK_MODE=hardlink UV_PYTHON_DOWNLOADS=never UV_NO_MANAGED_PYTHON=1
	export UV_NO_PROGRESS=1 UV_PROJECT_ENVIRONMENT=/app/.heroku/python VIRTUAL_ENV=/app/.heroku/python
	if ! "dependencies::install_with_${PACKAGE_MANAGER}"; then
		output::fail <<-EOF
			Error: The app's packages could not be installed.

			The lines above say which one and why. A package may have no
			release for Python ${PYTHON_FULL%.*}: the versions here are
			$(python_version::listed), chosen in a file '.python-version'.
		EOF
	fi
	uv cache prune --ci --quiet || true
}

function dependencies::install_with_pip() {
	local limits=() files
	mapfile -t files < <(requirements::files)
	output::step "Installing packages from requirements.txt with uv"
	# gunicorn before 21 imports pkg_resources, which left setuptools later; its own requirement does not say so.
	if grep --quiet --extended-regexp --ignore-case '^gunicorn(\[[^]]*\])? *(==|~=|<=|<) *(19|20)\b' -- "${files[@]}" &&
		! grep --quiet --extended-regexp --ignore-case '^setuptools\b' -- "${files[@]}"; then
		echo 'setuptools<81' >"${TMPDIR:-/tmp}/limits.txt"
		limits=(--constraints="${TMPDIR:-/tmp}/limits.txt")
	fi
	hooks::with_config uv pip install --exact --compile-bytecode --index-strategy=unsafe-best-match \
		--python=/app/.heroku/python/bin/python "${limits[@]}" --requirements=requirements.txt |& output::indent
}

function dependencies::install_with_uv() {
	output::step "Installing packages from uv.lock with uv"
	hooks::with_config uv sync --locked --no-default-groups --compile-bytecode \
		--python=/app/.heroku/python/bin/python |& output::indent
}

function dependencies::install_with_poetry() {
	local exported
	exported="$(mktemp --suffix=.txt)"
	output::step "Installing packages from poetry.lock with uv"
	hooks::with_config poetry export --quiet --no-interaction --only=main --format=requirements.txt \
		--output="${exported}" |& output::indent || return 1
	hooks::with_config uv pip sync --compile-bytecode --allow-empty-requirements --index-strategy=unsafe-best-match \
		--python=/app/.heroku/python/bin/python "${exported}" |& output::indent || return 1
	dependencies::install_own_package
}

function dependencies::install_with_pipenv() {
	local exported
	exported="$(mktemp --suffix=.txt)"
	output::step "Installing packages from Pipfile.lock with uv"
	hooks::with_config env PIPENV_IGNORE_VIRTUALENVS=1 pipenv requirements --hash >"${exported}" || return 1
	hooks::with_config uv pip sync --compile-bytecode --allow-empty-requirements --index-strategy=unsafe-best-match \
		--python=/app/.heroku/python/bin/python "${exported}" |& output::indent
}

# Poetry installs the app itself too, unless it is told that the app is no package.
function dependencies::install_own_package() {
	if dependencies::is_no_package || ! grep --quiet '^\[build-system\]' pyproject.toml; then
		return 0
	fi
	if ! hooks::with_config uv pip install --quiet --no-deps --python=/app/.heroku/python/bin/python --editable=. |& output::indent; then
		output::warning <<-'EOF'
			Warning: The app itself could not be installed as a package.

			Its modules are found all the same. If it is not meant to be a
			package, say so in pyproject.toml:

			    [tool.poetry]
			    package-mode = false
		EOF
	fi
}

function dependencies::is_no_package() {
	grep --quiet --extended-regexp '^package-mode *= *false' pyproject.toml
}
