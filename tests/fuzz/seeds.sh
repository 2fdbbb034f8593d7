#!/bin/sh
# Collects the first inputs of one fuzz target: seeds.sh TARGET FOLDER
# What is committed (corpus/, regressions/) and the repository's scenarios.
set -eu
target=$1 folder=$2
here=$(dirname "$0")
for file in "$here/corpus/$target"/* "$here/regressions/$target"-*; do
    [ ! -f "$file" ] || cp "$file" "$folder/${file##*/}"
done
case $target in
yaml | scenario)
    cp "$here"/corpus/scenario/* scenarios/*.yaml "$folder"
    ;;
esac
