#!/usr/bin/env bash
# Writes what every dyno of the app, and every later buildpack, needs in its environment.

function profile::write() {
	mkdir --parents .profile.d
	cp "${BUILDPACK_DIR}/lib/profile.d/nodejs.sh" .profile.d/nodejs.sh
	cat >"${BUILDPACK_DIR}/export" <<-EOF
		export PATH="${BUILD_DIR}/.heroku/node/bin:${BUILD_DIR}/node_modules/.bin:\${PATH}"
		export NODE_HOME="${BUILD_DIR}/.heroku/node"
	EOF
}
