#!/usr/bin/env bash
# Collects the static files of a Django app.

function django::collect_static() {
	local manage log
	compgen -G '.heroku/python/lib/python*/site-packages/django/__init__.py' >/dev/null || return 0
	if [[ -f ${ENV_DIR}/DISABLE_COLLECTSTATIC && $(<"${ENV_DIR}/DISABLE_COLLECTSTATIC") != 0 ]]; then
		output::step "Skipping Django's collectstatic: the config var DISABLE_COLLECTSTATIC is set"
		return 0
	fi
	manage="$(find . -maxdepth 3 -type f -name manage.py -not -path './.heroku/*' -printf '%d\t%P\n' | sort --numeric-sort | head --lines=1 | cut --fields=2)"
	if [[ -z ${manage} ]]; then
		output::step "Skipping Django's collectstatic: there is no manage.py"
		return 0
	fi
	output::step "\$ python ${manage} collectstatic --noinput"
	log="$(mktemp)"
	if hooks::with_config env "PYTHONPATH=${PYTHONPATH:-.}" python "${manage}" collectstatic --noinput --traceback |&
		tee "${log}" | output::indent; then
		return 0
	fi
	if grep --quiet "Unknown command: 'collectstatic'" "${log}"; then
		output::step "This app does not use django.contrib.staticfiles, so there was nothing to collect"
		return 0
	fi
	output::fail <<-EOF
		Error: Django could not collect the static files.

		The traceback above says why. Mend it, or leave this step out:

		    nomapaas config:set DISABLE_COLLECTSTATIC=1
	EOF
}
