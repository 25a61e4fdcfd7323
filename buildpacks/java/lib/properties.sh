#!/usr/bin/env bash
# Reads system.properties, in which an app says which Java and which Maven it wants.

# Prints the value of a key, or nothing; the last one counts, as in Java.
#
# Usage: properties::get java.runtime.version
function properties::get() {
	[[ -f system.properties ]] || return 0
	sed --quiet --regexp-extended "s/\r\$//; s/^[[:space:]]*${1//./\\.}[[:space:]]*[=:[:space:]][[:space:]]*//; T; s/[[:space:]]+\$//; p" system.properties |
		tail --lines=1
}
