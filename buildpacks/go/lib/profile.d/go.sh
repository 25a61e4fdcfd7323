# Written by the Go buildpack; sourced when a dyno starts. A config var of the same name wins.
# shellcheck shell=bash

export PATH="${HOME}/bin:${PATH}"

# The collector works harder near the dyno's memory limit, rather than running into it.
export GOMEMLIMIT="${GOMEMLIMIT:-$((${DYNO_RAM:-512} * 9 / 10))MiB}"
