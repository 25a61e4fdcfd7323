#!/usr/bin/env bash
# Reads system.properties, in which an app says which Java and which Maven it wants.

# Prints the value of a key, or nothing; the last one counts, as in Java.
#
# Usage: properties::get java.runtime.version
function properties::get() {
	[[ -f system.properties ]] || return 0
	tr --delete '\r' <system.properties |
		sed --quiet --regexp-extended "s/^[[:space:]]*${1//./\\.}[[:space:]]*[=:[:space:]][[:space:]]*//; T; s/[[:space:]]+\$//; p" |
		tail --lines=1
}
