#!/usr/bin/env bash
# What must be in the source, and what must not.

function checks::source() {
	checks::package_json
	checks::no_node_folder
	checks::no_modules
}

function checks::package_json() {
	local said
	if said="$(jq --exit-status 'type == "object"' package.json 2>&1)"; then
		return 0
	fi
	[[ ${said} == false ]] && said="It holds something else than an object."
	output::fail <<-EOF
		Error: package.json is not valid JSON.

		${said:0:200}

		Mend it and push again. 'npm pkg get' on your machine says whether
		it can be read.
	EOF
}

function checks::no_node_folder() {
	if [[ -e .heroku/node ]]; then
		output::fail <<-EOF
			Error: The source has a '.heroku/node' folder.

			That is where this buildpack installs Node.js. Delete the folder
			from the source, and take this buildpack out of the app's list
			if it is there twice.
		EOF
	fi
}

# Modules of another machine may be built for another system, and a lock file says all that is needed to have them anew.
function checks::no_modules() {
	[[ -d node_modules ]] || return 0
	local locks=(package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml) lock
	for lock in "${locks[@]}"; do
		if [[ -f ${lock} ]]; then
			output::warning <<-EOF
				Warning: The source has a 'node_modules' folder: left out.

				What ${lock} names is installed here. List node_modules
				in .gitignore.
			EOF
			rm --recursive --force node_modules
			return 0
		fi
	done
}

# Says it while the buildpack's name is still in sight; another buildpack or a Procfile may know what runs.
function checks::starts() {
	if [[ -f Procfile || -f server.js ]] || package_json::has_script start; then
		return 0
	fi
	output::warning <<-'EOF'
		Warning: Nothing says how this app starts.

		Add a script "start" to package.json, for example

		    "scripts": { "start": "node index.js" }

		or a Procfile with a line such as 'web: node index.js'.
	EOF
}
