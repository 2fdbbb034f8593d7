#!/bin/sh
# The README's example of a policy, done as it says in a copy of the tree: one file, one row, make; then it is listed and places VMs.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-build}
folder=$(mktemp -d "${TMPDIR:-/tmp}/vdcsim-policy-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$root"
# Times are kept, so that only what is new is compiled.
tar -cf - --exclude=.git --exclude=./out --exclude='./build*' . | tar -xf - -C "$folder"
mkdir "$folder/$BUILD"
cp -a "$BUILD/obj" "$BUILD/.flags" "$BUILD/.files" "$folder/$BUILD/"
cd "$folder"

sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >example.c
name=$(sed -n '1s|^/\* \([^:]*\):.*|\1|p' example.c)
row=$(sed -n 's/.*`ROW(\([a-z_]*\)) \\`.*/\1/p' README.md)
lines=$(wc -l <example.c)
[ -n "$name" ] && [ -n "$row" ] || { echo "no example in README.md"; exit 1; }
[ "$lines" -le 30 ] || { echo "the example has $lines lines"; exit 1; }
mv example.c "$name"
sed -i "s/^    ROW(vdc_placement_first_fit) .*/&\n    ROW($row) \\\\/" schedulers/registry.c
make --no-print-directory -s BUILD="$BUILD" all
"$BUILD/vdcsim" policies fewest-vms
"$BUILD/vdcsim" run scenarios/first.yaml -o policy.h5 --check --no-progress --set schedulers.placement.policy=fewest-vms --set schedulers.placement.enough=20
echo "new policy: the README's $lines lines and one row make a policy that is listed and runs"
