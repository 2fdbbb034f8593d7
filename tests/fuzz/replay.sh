#!/bin/sh
# Gives seeds and former findings to the fuzz targets, once each: BUILD=build tests/fuzz/replay.sh
# Part of the tests; needs no fuzzer.
set -eu
build=${BUILD:-build}
work=$(mktemp -d "${TMPDIR:-/tmp}/vdcsim-fuzz-replay-XXXXXX")
trap 'rm -rf "$work"' EXIT
count=0
for program in "$build"/fuzz-*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    target=${program##*/fuzz-}
    mkdir "$work/$target"
    tests/fuzz/seeds.sh "$target" "$work/$target"
    set -- "$work/$target"/*
    "$program" "$@"
    count=$((count + $#))
done
echo "$count inputs of fuzz targets, none crashed or took longer than a second"
