#!/bin/sh
# tools/setup.sh in every situation that a new user may be in, with made-up id, sudo and apt-get on a PATH of their own.
set -u
cd "$(dirname "$0")/../.." || exit 1
folder=$(mktemp -d "${TMPDIR:-/tmp}/vdcsim-setup-XXXXXX")
trap 'rm -rf "$folder"' EXIT
failed=0
count=0

fresh() { # a PATH with the plain tools and nothing else
    rm -rf "$folder/bin"
    mkdir "$folder/bin"
    for tool in sh env touch chmod; do ln -s "$(command -v $tool)" "$folder/bin/$tool"; done
    command_that true ""
}
command_that() { # NAME SCRIPT
    printf '#!/bin/sh\n%s\n' "$2" >"$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}
expect() { # WHAT STATUS PATTERN PACKAGES...
    what=$1 status=$2 pattern=$3
    shift 3
    count=$((count + 1))
    said=$(PATH="$folder/bin" /bin/sh tools/setup.sh "$@" 2>&1)
    got=$?
    if [ $got != "$status" ]; then
        echo "$what: ended with $got, expected $status: $said"
        failed=$((failed + 1))
    elif [ -z "$pattern" ] && [ -n "$said" ]; then
        echo "$what: said: $said"
        failed=$((failed + 1))
    elif [ -n "$pattern" ] && ! printf '%s' "$said" | grep -q -e "$pattern"; then
        echo "$what: \"$pattern\" is not in: $said"
        failed=$((failed + 1))
    fi
}

fresh
command_that present ''
expect "everything there" 0 '' one:cmd=present two:cmd=present
expect "no apt" 1 'missing.*: nodev$' one:cmd=present nodev:cmd=absent
expect "no apt: says what to do" 1 'package manager' nodev:cmd=absent

command_that id 'echo 1000'
command_that apt-get "touch '$folder/called'"
expect "no root, no sudo" 1 'missing: nodev other$' nodev:cmd=absent other:cmd=absent
expect "no root, no sudo: says what to do" 1 'sudo apt-get install nodev' nodev:cmd=absent
command_that sudo 'exit 1'
expect "sudo wants a password" 1 'please run' nodev:cmd=absent
[ ! -e "$folder/called" ] || { echo "apt-get was called without rights"; failed=$((failed + 1)); }

installs="case \" \$* \" in *' install '*) printf '#!/bin/sh\n' >'$folder/bin/absent'; chmod +x '$folder/bin/absent';; esac"
command_that sudo 'shift; exec "$@"'
command_that apt-get "$installs"
expect "sudo without a password" 0 'installing nodev' nodev:cmd=absent
expect "the second time" 0 '' nodev:cmd=absent

fresh
command_that id 'echo 0'
command_that apt-get "$installs"
expect "root" 0 'installing nodev' nodev:cmd=absent
fresh
command_that id 'echo 0'
command_that apt-get "case \" \$* \" in *' update '*) exit 100;; esac; $installs"
expect "stale lists" 0 'with the lists at hand' nodev:cmd=absent
fresh
command_that id 'echo 0'
command_that apt-get 'exit 100'
expect "apt fails" 1 'could not install: nodev' nodev:cmd=absent
command_that apt-get ''
expect "installed, yet not found" 1 'still not found.*: nodev' nodev:cmd=absent

echo "setup: $((count - failed)) of $count situations as they should be"
[ $failed = 0 ]
