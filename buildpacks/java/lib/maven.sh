#!/usr/bin/env bash
# Builds the app with Maven: its own wrapper, the version that system.properties names, or the stack's.

readonly STACK_MAVEN=/usr/share/maven/bin/mvn
# Below what a build cache may have, as long as nobody sets another NOMAPAAS_BUILD_CACHE_MB.
readonly CACHE_MAX_MB=1000

# Ends the build of what is no Maven project.
function maven::check() {
	local poms=(pom.xml pom.atom pom.clj pom.groovy pom.rb pom.scala pom.yaml pom.yml) name
	for name in "${poms[@]}"; do
		[[ -f ${name} ]] && return 0
	done
	if [[ -f mvnw ]]; then
		output::fail <<-'EOF'
			Error: There is a mvnw, but no pom.xml.

			Push the folder that holds the pom.xml. If it is there, take it out
			of .gitignore and .slugignore.
		EOF
	fi
	output::fail <<-'EOF'
		Error: This is a Gradle app, and nomapaas' own Java buildpack knows Maven.

		Name a buildpack that builds it, by the https URL of its git
		repository, and push again:

		    nomapaas buildpacks:set URL
	EOF
}

# Sets MAVEN, the command line that runs Maven.
function maven::choose() {
	local wanted repository="${CACHE}/repository"
	wanted="$(properties::get maven.version)"
	export MAVEN_USER_HOME="${CACHE}/home/.m2"
	MAVEN_OPTIONS=("-Dmaven.repo.local=${repository}")
	maven::add_settings
	if [[ -n ${wanted} ]]; then
		maven::fetch "${wanted}"
	elif [[ -f mvnw ]] && maven::has_whole_wrapper; then
		sed --in-place 's/\r$//' mvnw
		chmod +x mvnw
		MAVEN=(./mvnw)
		output::step 'Using the Maven wrapper of the app'
	else
		MAVEN=("${STACK_MAVEN}")
	fi
}

function maven::has_whole_wrapper() {
	[[ -f .mvn/wrapper/maven-wrapper.properties ]] && return 0
	output::warning <<-'EOF'
		Warning: There is a mvnw, but no .mvn/wrapper/maven-wrapper.properties.

		So it cannot know which Maven to fetch, and the stack's is used. Add
		the folder .mvn to the source.
	EOF
	return 1
}

# The host's mirrors take the place of Maven's global settings; the app's own settings count besides.
function maven::add_settings() {
	local own
	if [[ -n ${NOMAPAAS_MAVEN_SETTINGS:-} ]]; then
		printf '%s' "${NOMAPAAS_MAVEN_SETTINGS}" >"${TMPDIR:-/tmp}/maven-settings.xml"
		MAVEN_OPTIONS+=("--global-settings=${TMPDIR:-/tmp}/maven-settings.xml")
	fi
	own="$(hooks::config MAVEN_SETTINGS_PATH)"
	if [[ -n ${own} && ! -f ${own} ]]; then
		output::fail <<-EOF
			Error: There is no file ${own:0:80}.

			The config var MAVEN_SETTINGS_PATH names it as the app's Maven
			settings. Add it to the source, or remove the config var:

			    nomapaas config:unset MAVEN_SETTINGS_PATH
		EOF
	fi
	[[ -n ${own} || ! -f settings.xml ]] || own=settings.xml
	[[ -z ${own} ]] || MAVEN_OPTIONS+=("--settings=${own}")
}

# Every Maven is an artifact of its own repository, so that the stack's Maven can fetch it, checked like any other.
function maven::fetch() {
	local version="${1}" home="${CACHE}/maven-${1}" other archive log
	for other in "${CACHE}"/maven-*; do
		[[ ${other} == "${home}" ]] || rm --recursive --force "${other}"
	done
	output::step "Using Maven ${version:0:40}, specified in system.properties"
	if [[ ! -x ${home}/bin/mvn ]]; then
		log="$(mktemp)"
		if [[ ! ${version} =~ ^[0-9]+(\.[0-9]+)+(-[a-z0-9-]+)?$ ]] ||
			! (cd / && hooks::with_config "${STACK_MAVEN}" "${MAVEN_OPTIONS[@]}" --batch-mode --no-transfer-progress --quiet \
				dependency:get "-Dartifact=org.apache.maven:apache-maven:${version}:tar.gz:bin" -Dtransitive=false) &>"${log}"; then
			tail --lines=4 "${log}" | output::indent
			output::fail <<-EOF
				Error: There is no Maven ${version:0:40} to be had.

				Write a version that exists into system.properties, or leave
				maven.version out of it for the stack's.
			EOF
		fi
		mkdir "${home}"
		archive="${CACHE}/repository/org/apache/maven/apache-maven/${version}/apache-maven-${version}-bin.tar.gz"
		tar --extract --gzip --file="${archive}" --directory="${home}" --strip-components=1
		rm "${archive}"
	fi
	MAVEN=("${home}/bin/mvn")
}

function maven::build() {
	local goals options memory log
	read -r -a goals <<<"$(hooks::config MAVEN_CUSTOM_GOALS)"
	read -r -a options <<<"$(hooks::config MAVEN_CUSTOM_OPTS)"
	((${#goals[@]})) || goals=(clean install)
	((${#options[@]})) || options=(-DskipTests)
	memory="$(hooks::config MAVEN_JAVA_OPTS)"
	export MAVEN_OPTS="-Xmx1024m -Duser.home=${CACHE}/home ${memory}"
	output::step "Running: ${MAVEN[0]##*/} ${options[*]} ${goals[*]}"
	log="$(mktemp)"
	if ! hooks::with_config "${MAVEN[@]}" "${MAVEN_OPTIONS[@]}" --batch-mode "${options[@]}" "${goals[@]}" |&
		tee "${log}" | sed --unbuffered '/^\(\[INFO\] \)\?Downloading from /d' |
		output::counted '^(\[INFO\] )?Downloaded from ' 25 'files downloaded' | output::indent; then
		maven::explain "${log}"
	fi
}

# Leaves out of the slug what a repackaged program was before, and starts the cache afresh when it has grown too large.
function maven::keep_small() {
	find . -path '*/target/*.jar.original' -delete
	find . -path '*/target/*.war.original' -delete
	if (($(du --summarize --block-size=1M "${CACHE}" | cut --fields=1) > CACHE_MAX_MB)); then
		rm --recursive --force "${CACHE:?}"/*
	fi
}

# Says how to mend what Maven complained about, and ends the build.
function maven::explain() {
	local log="${1}"
	if grep --quiet --extended-regexp 'invalid (target|source) release|release version [0-9]+ not supported|class file has wrong version|UnsupportedClassVersionError' "${log}"; then
		output::fail <<-EOF
			Error: The app wants another Java than ${JAVA_MAJOR}.

			This stack has: Java $(java_version::listed). Let pom.xml and
			system.properties name the same one of them:

			    java.runtime.version=${DEFAULT_JAVA}
		EOF
	fi
	if grep --quiet --extended-regexp 'Could not (resolve|find|transfer)|UnknownHostException' "${log}"; then
		output::fail <<-'EOF'
			Error: Maven could not fetch what the app needs.

			The lines above say which artifact. A repository of your own has to
			be named in pom.xml, or in a settings.xml in the app's top folder.
		EOF
	fi
	if grep --quiet --extended-regexp 'OutOfMemoryError|Java heap space' "${log}"; then
		output::fail <<-'EOF'
			Error: Maven ran out of memory.

			Give it more, as far as the build has it:

			    nomapaas config:set MAVEN_JAVA_OPTS=-Xmx1500m
		EOF
	fi
	output::fail <<-'EOF'
		Error: The app could not be built.

		The lines above say why; the same command on your machine should say
		the same.
	EOF
}
