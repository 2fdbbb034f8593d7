#!/bin/sh
# Installs into a fresh folder, builds a program against what lies there by pkg-config alone, runs a scenario with it, and uninstalls.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-build}
folder=$(mktemp -d "${TMPDIR:-/tmp}/vdcsim-install-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$root"
# The flags that this build was made with, so that nothing is built again.
set -- BUILD="$BUILD" PREFIX="$folder/usr"
make --no-print-directory -s "$@" install
PKG_CONFIG_PATH=$folder/usr/lib/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046  # flags are meant to be split
"${CC:-cc}" -std=c11 -Wall -Wextra -Werror ${SANITIZE:-} -o "$folder/program" tests/install/program.c $(pkg-config --cflags --libs vdcsim)
LD_LIBRARY_PATH=$folder/usr/lib "$folder/program" scenarios/first.yaml
LD_LIBRARY_PATH=$folder/usr/lib "$folder/usr/bin/vdcsim" --version
make --no-print-directory -s "$@" uninstall
left=$(find "$folder/usr" -type f -o -type l)
[ -z "$left" ] || { echo "uninstall left: $left"; exit 1; }
echo "install: command, library, headers and pkg-config file work from a prefix; uninstall leaves nothing"
