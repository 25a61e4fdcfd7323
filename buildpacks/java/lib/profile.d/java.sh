# Written by the Java buildpack; sourced when a dyno starts. A config var of the same name wins.
# shellcheck shell=bash

export PATH="${JAVA_HOME}/bin:${PATH}"

# One arena of memory for each of the machine's processors is more than a dyno has.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"

# What a program prints is often meant for another one in a one-off dyno, and Java says on stderr that it has read this.
if [[ ${DYNO} != run.* ]]; then
	__ram="${DYNO_RAM:-512}"
	# A small dyno keeps room beside the heap for classes, threads and compiled code.
	if ((__ram <= 512)); then
		__options="-Xmx$((__ram * 6 / 10))m -Xss512k -XX:CICompilerCount=2"
	elif ((__ram <= 1024)); then
		__options="-Xmx$((__ram * 65 / 100))m -XX:CICompilerCount=2"
	else
		__options="-XX:MaxRAMPercentage=80.0"
	fi
	# Java would take the machine's memory for the dyno's.
	export JAVA_TOOL_OPTIONS="-XX:MaxRAM=${__ram}m ${__options} -Dfile.encoding=UTF-8${JAVA_TOOL_OPTIONS:+ }${JAVA_TOOL_OPTIONS:-}"
	unset __ram __options
fi

# Usage: __jdbc <URL as add-ons give it> <name that the variables begin with>
__jdbc() {
	local scheme user password address query='' form='^([a-z]+)(ql)?://(([^:/@]+)(:([^@/]*))?@)?([^?#]+)(\?([^#]*))?'
	[[ ${1} =~ ${form} ]] || return 0
	scheme="${BASH_REMATCH[1]}" user="${BASH_REMATCH[4]}" password="${BASH_REMATCH[6]}" address="${BASH_REMATCH[7]}"
	case "${scheme}" in
		postgres | postgresql) scheme=postgresql ;;
		mysql | mariadb) ;;
		*) return 0 ;;
	esac
	[[ -z ${BASH_REMATCH[9]} ]] || query+="&${BASH_REMATCH[9]}"
	[[ -z ${user} ]] || query+="&user=${user}"
	[[ -z ${password} ]] || query+="&password=${password}"
	printf -v "${2}_URL" '%s' "jdbc:${scheme}://${address}${query:+?}${query#&}"
	printf -v "${2}_USERNAME" '%s' "$(__decoded "${user}")"
	printf -v "${2}_PASSWORD" '%s' "$(__decoded "${password}")"
	export "${2}_URL" "${2}_USERNAME" "${2}_PASSWORD"
}

__decoded() {
	local text="${1//\\/\\\\}"
	printf '%b' "${text//%/\\x}"
}

if [[ -n ${DATABASE_URL:-} && -z ${JDBC_DATABASE_URL:-} ]]; then
	__jdbc "${DATABASE_URL}" JDBC_DATABASE
	if [[ -n ${JDBC_DATABASE_URL:-} && -z ${SPRING_DATASOURCE_URL:-} ]]; then
		export SPRING_DATASOURCE_URL="${JDBC_DATABASE_URL}"
		export SPRING_DATASOURCE_USERNAME="${JDBC_DATABASE_USERNAME}" SPRING_DATASOURCE_PASSWORD="${JDBC_DATABASE_PASSWORD}"
	fi
fi
unset -f __jdbc __decoded
