# What configure and other scripts have in common.  $program is their name, $top
# the repository.
#
# SPDX-License-Identifier: GPL-2.0-or-later

staging=

say() {
    echo "$program: $*"
}

die() {
    echo "$program: error: $*" >&2
    exit 1
}

# try COMMAND...: run it with everything it prints in $output.
try() {
    output=$("$@" 2>&1 </dev/null) && return
    case $output in
    *"No space left on device"* | *"enough free space"*)
        die "the disk is full: $(echo "$output" |
            grep -m 1 -e 'No space left' -e 'enough free space')" ;;
    esac
    return 1
}

# must SENTENCE COMMAND...: try it; SENTENCE is what a failure means.
must() {
    sentence=$1
    shift
    try "$@" && return
    echo "$output" | tail -n 20 >&2
    die "$sentence"
}

# need_space FOLDER MIB: end here unless so much is free on FOLDER's disk.
need_space() {
    free=$(df -P -m "$1" | awk 'END { print $4 }')
    test "$free" -ge "$2" ||
        die "the disk is full: $2 MiB are needed for $1, $free are free"
}

# When the repository was last changed, in seconds since 1970; a tarball of it has
# that in its files.
last_change() {
    git -c safe.directory="$top" -C "$top" log -1 --format=%ct 2>/dev/null ||
        date -r "$top/README.md" +%s
}

# stage PARENT: a new folder $staging on PARENT's disk; it goes when we end.
stage() {
    unstage
    must "cannot write to $1" mkdir -p "$1"
    must "cannot write to $1" mktemp -d "$1/.staging.XXXXXX"
    staging=$output
}

unstage() {
    test -z "$staging" || rm -rf "$staging"
}
