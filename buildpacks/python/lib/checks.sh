#!/usr/bin/env bash
# What must not be in the source.

function checks::no_python_folder() {
	if [[ -e .heroku/python ]]; then
		output::fail <<-EOF
			Error: The source has a '.heroku/python' folder.

			That is where this buildpack installs Python. Delete the folder
			from the source, and take this buildpack out of the app's list
			if it is there twice.
		EOF
	fi
}
