#!/bin/sh
# The demo: three placement policies on 1 000 hosts and 100 000 VMs, compared. Called by `make demo` with the folder for what comes out.
#
#   scenarios/demo/run.sh [OUT]       (BUILD: where vdcsim is built)
set -eu
out=${1:-out/demo}
vdcsim=${BUILD:-build}/vdcsim
scenarios=$(dirname "$0")
mkdir -p "$out"

for policy in first-fit best-fit worst-fit; do
    echo "== $policy: 1 000 hosts, 100 000 VMs, two days"
    "$vdcsim" run "$scenarios/$policy.yaml" -o "$out/$policy.h5" --force
done
echo "== side by side"
"$vdcsim" compare "$out/first-fit.h5" "$out/best-fit.h5" "$out/worst-fit.h5" --baseline first-fit --csv "$out/comparison.csv" --force
echo "== pictures"
"$vdcsim" plot "$out/first-fit.h5" "$out/best-fit.h5" "$out/worst-fit.h5" -o "$out/pictures" --kind policies --kind bars --kind accounts \
    --kind utilisation --kind queue --kind power --kind waiting --kind tenants --force >/dev/null
"$vdcsim" report "$out/first-fit.h5" "$out/best-fit.h5" "$out/worst-fit.h5" -o "$out/report.html" --baseline first-fit --force >/dev/null 2>&1

cat <<TEXT

What to look at next:
  $out/report.html                all of it on one page
  $out/pictures/policies.svg      the three policies over time: packing tightly (first-fit, best-fit) leaves room for large VMs
                                      and makes them wait less; spreading (worst-fit) leaves less CPU time stolen
  $out/*.h5                       the results: $vdcsim show $out/best-fit.h5, or any HDF5 reader
  $scenarios/first-fit.yaml       the scenario; change it, or try another policy at once:
      $vdcsim policies
      $vdcsim run $scenarios/first-fit.yaml -o $out/cosine.h5 --set schedulers.placement.policy=cosine
TEXT
