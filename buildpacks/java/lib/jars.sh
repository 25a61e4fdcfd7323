#!/usr/bin/env bash
# Which of the built files is the program.

# Prints the command that starts the app, when exactly one built file can be started.
function jars::command() {
	local file manifest boot=() plain=()
	while IFS= read -r file; do
		manifest="$(unzip -p "${file}" META-INF/MANIFEST.MF 2>/dev/null)" || continue
		if grep --quiet '^Spring-Boot-Version:' <<<"${manifest}"; then
			boot+=("${file}")
		elif grep --quiet '^Main-Class:' <<<"${manifest}"; then
			plain+=("${file}")
		fi
	done < <(jars::candidates)
	if ((${#boot[@]} == 1)); then
		# shellcheck disable=SC2016 # the dyno's shell expands them
		printf 'java -Dserver.port=$PORT $JAVA_OPTS -jar %q' "${boot[0]}"
	elif ((${#boot[@]} == 0 && ${#plain[@]} == 1)); then
		# shellcheck disable=SC2016
		printf 'java $JAVA_OPTS -jar %q' "${plain[0]}"
	fi
}

# Prints the jars and wars of all modules; not those that hold sources, manuals, tests, or the program's parts alone.
function jars::candidates() {
	find . -maxdepth 4 -path '*/target/*' \( -name '*.jar' -o -name '*.war' \) -type f \
		-not -name '*-sources.jar' -not -name '*-javadoc.jar' -not -name '*-tests.jar' -not -name 'original-*' \
		-not -name '*-plain.?ar' -printf '%P\n' | grep --extended-regexp '^([^/]+/){0,2}target/[^/]+$' | sort
}
