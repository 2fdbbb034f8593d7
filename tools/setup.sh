#!/bin/sh
# Installs what the build or the tests need and is not there yet; the Makefile calls it with its package lists.
#
#   tools/setup.sh PACKAGE[:PROBE]...
#
# PACKAGE is the name on Debian and Ubuntu. PROBE says how to see that it is there without asking the package system, so that
# a library installed by hand counts too, and that the check is fast and works on every system:
#   pc=MODULE   pkg-config knows the module        cmd=COMMAND   the command is on the PATH
#   py=MODULE   $PYTHON finds the Python module    (none)        dpkg knows the package as installed
# Everything there: silent, no network. Something missing: installed by apt-get when root or when sudo needs no password;
# otherwise its name is printed and the script ends with 1.
set -u
PYTHON=${PYTHON:-/usr/bin/python3}

present() { # PROBE PACKAGE
    case $1 in
    pc=*) pkg-config --exists "${1#pc=}" 2>/dev/null ;;
    cmd=*) command -v "${1#cmd=}" >/dev/null 2>&1 ;;
    py=*) "$PYTHON" -c 'import sys, importlib.util as u; sys.exit(u.find_spec(sys.argv[1]) is None)' "${1#py=}" 2>/dev/null ;;
    *) [ "$(dpkg-query -W -f '${db:Status-Status}' "$2" 2>/dev/null)" = installed ] ;;
    esac
}

find_missing() { # sets $missing
    missing=
    for entry in "$@"; do
        package=${entry%%:*}
        probe=
        case $entry in *:*) probe=${entry#*:} ;; esac
        present "$probe" "$package" || missing="$missing $package"
    done
}

find_missing "$@"
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: missing (Debian's names):$missing" >&2
    echo "setup: there is no apt-get here; please install them with this system's own package manager, then try again" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "setup: missing:$missing" >&2
    echo "setup: neither root nor sudo without a password; please run: sudo apt-get install$missing" >&2
    exit 1
fi

echo "setup: installing$missing" >&2
# Stale package lists are no reason to give up: what is asked for may be in them all the same.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2 || echo "setup: apt-get update failed; trying with the lists at hand" >&2
# shellcheck disable=SC2086  # the list of packages is meant to be split
if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing >&2; then
    echo "setup: apt-get could not install:$missing" >&2
    exit 1
fi
find_missing "$@"
if [ -n "$missing" ]; then
    echo "setup: still not found after installing:$missing" >&2
    exit 1
fi
