# Written by the Node.js buildpack; sourced when a dyno starts. A config var of the same name wins.
# shellcheck shell=bash

export NODE_HOME="${HOME}/.heroku/node"
export PATH="${NODE_HOME}/bin:${HOME}/node_modules/.bin:${PATH}"
export NODE_ENV="${NODE_ENV:-production}"
export NPM_CONFIG_UPDATE_NOTIFIER="${NPM_CONFIG_UPDATE_NOTIFIER:-false}"

# As many server processes as the dyno's memory holds at WEB_MEMORY MB each.
export MEMORY_AVAILABLE="${MEMORY_AVAILABLE:-${DYNO_RAM:-512}}"
export WEB_MEMORY="${WEB_MEMORY:-512}"
if [[ -z ${WEB_CONCURRENCY:-} ]]; then
	WEB_CONCURRENCY=$((MEMORY_AVAILABLE / WEB_MEMORY))
	((WEB_CONCURRENCY < 1)) && WEB_CONCURRENCY=1
	export WEB_CONCURRENCY
fi
