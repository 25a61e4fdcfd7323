# Written by the Python buildpack; sourced when a dyno starts. A config var of the same name wins.
# shellcheck shell=bash

export PATH="${HOME}/.heroku/python/bin:${PATH}"
export VIRTUAL_ENV="${HOME}/.heroku/python"
export PYTHONUNBUFFERED="${PYTHONUNBUFFERED:-true}"
export PYTHONPATH="${PYTHONPATH:-${HOME}}"

# Requests reach a dyno through the router alone, which overwrites what a client says about itself.
export FORWARDED_ALLOW_IPS="${FORWARDED_ALLOW_IPS:-*}"
export GUNICORN_CMD_ARGS="${GUNICORN_CMD_ARGS:---access-logfile -}"

# As many server processes as the dyno's memory holds at 256 MB each, at most two a core and one.
if [[ -z ${WEB_CONCURRENCY:-} ]]; then
	WEB_CONCURRENCY=$((${DYNO_RAM:-512} / 256))
	__cores="$(nproc)"
	((WEB_CONCURRENCY > __cores * 2 + 1)) && WEB_CONCURRENCY=$((__cores * 2 + 1))
	((WEB_CONCURRENCY < 1)) && WEB_CONCURRENCY=1
	export WEB_CONCURRENCY
	unset __cores
fi
