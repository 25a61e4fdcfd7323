#!/usr/bin/env bash
# Reads requirements files far enough to know whether they changed.

# Files that PowerShell wrote are UTF-16, which no installer of packages reads.
function requirements::as_utf8() {
	local start
	start="$(head --bytes=2 requirements.txt | od --address-radix=n --format=x1 | tr --delete ' ')"
	if [[ ${start} == fffe || ${start} == feff ]]; then
		iconv --from-code=UTF-16 --to-code=UTF-8 requirements.txt >requirements.txt.utf8
		mv requirements.txt.utf8 requirements.txt
	fi
}

# Prints every requirements and constraints file that `requirements.txt` leads to.
function requirements::files() {
	local queue=(requirements.txt) seen=' ' file folder name
	while ((${#queue[@]})); do
		file="${queue[0]}"
		queue=("${queue[@]:1}")
		[[ ${seen} == *" ${file} "* || ! -f ${file} ]] && continue
		seen+="${file} "
		printf '%s\n' "${file}"
		folder="${file%/*}"
		[[ ${folder} == "${file}" ]] && folder=.
		while IFS= read -r name; do
			queue+=("${folder}/${name}")
		done < <(sed --quiet --regexp-extended 's/\r$//; s/^[[:space:]]*(-r|--requirement|-c|--constraint)[[:space:]=]*([^#[:space:]]+).*/\2/p' "${file}")
	done
}

# Succeeds when something is installed from a folder or a repository, which can change while its line stays.
function requirements::can_change() {
	local files
	mapfile -t files < <(requirements::files)
	grep --quiet --extended-regexp '^[[:space:]]*(-e|--editable|\.|/|[^#]*(@[[:space:]]*(file|git\+|hg\+|svn\+|bzr\+|\.)|(git|hg|svn|bzr)\+))' -- "${files[@]}"
}
