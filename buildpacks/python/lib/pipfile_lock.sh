#!/usr/bin/env bash
# What must hold of a Pipfile.lock before anything is installed from it.

function pipfile_lock::check() {
	if ! jq --exit-status '.default | type == "object"' Pipfile.lock &>/dev/null; then
		output::fail <<-'EOF'
			Error: Pipfile.lock is not what pipenv writes.

			A merge may have left its marks in it. Write it anew, and push
			again:

			    pipenv lock
		EOF
	fi
	if [[ -f Pipfile ]] && ! PIPENV_IGNORE_VIRTUALENVS=1 pipenv verify &>/dev/null; then
		output::fail <<-'EOF'
			Error: Pipfile.lock does not fit the Pipfile.

			The Pipfile has changed since. Write the lock file anew, commit it,
			and push again:

			    pipenv lock
		EOF
	fi
}
