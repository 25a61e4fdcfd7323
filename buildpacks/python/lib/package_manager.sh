#!/usr/bin/env bash
# Which file says what to install.

readonly REQUIREMENTS_MISSPELT=(
	requirement.txt requirements requirements.text requirements.txt.txt requirments.txt requeriments.txt requiremets.txt
	requirments requirement require.txt requires.txt reqs.txt
)

# Prints `pip`, `uv`, `poetry` or `pipenv`: the one package manager whose file is there.
function package_manager::determine() {
	local found=() shown=()

	[[ -f requirements.txt ]] && found+=(pip) && shown+=('requirements.txt')
	[[ -f uv.lock ]] && found+=(uv) && shown+=('uv.lock')
	[[ -f poetry.lock ]] && found+=(poetry) && shown+=('poetry.lock')
	[[ -f Pipfile.lock ]] && found+=(pipenv) && shown+=('Pipfile.lock')

	case ${#found[@]} in
		1) printf '%s\n' "${found[0]}" ;;
		0) package_manager::explain_none ;;
		*)
			output::fail <<-EOF >&2
				Error: More than one file says what to install.

				Found: $(package_manager::joined "${shown[@]}").

				They may not agree, so exactly one of them may be in the source.
				Keep the one that you work with and delete the others.
			EOF
			;;
	esac
}

function package_manager::joined() {
	local joined
	printf -v joined '%s, ' "${@}"
	printf '%s' "${joined%, }"
}

function package_manager::explain_none() {
	local name
	package_manager::explain_misspelt

	if [[ -f Pipfile ]]; then
		output::fail <<-'EOF' >&2
			Error: There is a Pipfile, but no Pipfile.lock.

			Run 'pipenv lock' and push again. If Pipfile.lock is there, take it
			out of .gitignore and .slugignore.
		EOF
	fi
	if [[ -f pyproject.toml ]] && grep --quiet '^\[tool\.poetry\]' pyproject.toml; then
		output::fail <<-'EOF' >&2
			Error: There is a pyproject.toml, but no poetry.lock.

			Run 'poetry lock' and push again. If poetry.lock is there, take it
			out of .gitignore and .slugignore.
		EOF
	fi
	if [[ -f pyproject.toml ]]; then
		output::fail <<-'EOF' >&2
			Error: There is a pyproject.toml, but no lock file.

			Run 'uv lock' (or 'poetry lock') and push again. If the lock file
			is there, take it out of .gitignore and .slugignore.
		EOF
	fi
	for name in setup.py setup.cfg; do
		if [[ -f ${name} ]]; then
			output::fail <<-EOF >&2
				Error: There is a ${name}, but no file that says what to install.

				Add a requirements.txt with this one line:

				    --editable .
			EOF
		fi
	done
	output::fail <<-EOF >&2
		Error: No file says what to install.

		A Python app needs one of requirements.txt, uv.lock, poetry.lock or
		Pipfile.lock in its top folder. If the app needs no packages, add an empty
		requirements.txt. The top folder has:

		$(ls -1A --indicator-style=slash | head --lines=40)
	EOF
}

function package_manager::explain_misspelt() {
	local name wanted
	for name in *; do
		wanted=''
		case ${name,,} in
			requirements.txt) wanted=requirements.txt ;;
			uv.lock | uv.lck) wanted=uv.lock ;;
			poetry.lock | poetry.lck) wanted=poetry.lock ;;
			*) [[ " ${REQUIREMENTS_MISSPELT[*]} " == *" ${name,,} "* ]] && wanted=requirements.txt ;;
		esac
		if [[ -n ${wanted} && -f ${name} ]]; then
			output::fail <<-EOF >&2
				Error: There is a file '${name}', but no '${wanted}'.

				The name has to be exactly '${wanted}': rename the file and
				push again.
			EOF
		fi
	done
}
