#!/usr/bin/env bash
# Writes what every dyno of the app, and every later buildpack, needs in its environment.

function profile::write() {
	mkdir --parents .profile.d
	cp "${BUILDPACK_DIR}/lib/profile.d/python.sh" .profile.d/python.sh
	cat >"${BUILDPACK_DIR}/export" <<-'EOF'
		export PATH="/app/.heroku/python/bin:${PATH}"
		export PYTHONUNBUFFERED=1
		export VIRTUAL_ENV=/app/.heroku/python
		export UV_PROJECT_ENVIRONMENT=/app/.heroku/python
	EOF
	local files
	mapfile -t files < <(cache::files_with_paths)
	if ((${#files[@]})); then
		# The build folder is gone when a dyno starts.
		printf 'sed --in-place "s#%s#/app#g"' "${BUILD_DIR}" >.profile.d/python.editable.sh
		printf ' %q' "${files[@]}" >>.profile.d/python.editable.sh
		printf '\n' >>.profile.d/python.editable.sh
	fi
}
