#!/bin/sh
# Runs every part of the tests and prints one line for each; the whole output of a part is in $BUILD/test-logs.
# Called by `make check`, which sets BUILD, PYTHON and CC. Exit 1 when a part failed.
#
# A part is a command whose last line of output sums it up. Parts that need ../shared (VDCSIM_SHARED) say "skipped" without it.
set -u
BUILD=${BUILD:-build}
PYTHON=${PYTHON:-/usr/bin/python3}
VDCSIM_SHARED=${VDCSIM_SHARED:-../shared}
export BUILD PYTHON VDCSIM_SHARED
logs=$BUILD/test-logs
mkdir -p "$logs"
failed=

part() { # NAME COMMAND...
    name=$1
    shift
    begin=$(date +%s)
    if "$@" >"$logs/$name.log" 2>&1; then outcome=ok; else outcome=FAILED; fi
    printf '%-12s %-6s %4ds  %s\n' "$name" "$outcome" $(($(date +%s) - begin)) "$(sed -e 's/\x1b\[[0-9;]*m//g' "$logs/$name.log" | grep -v '^$' | tail -n 1)"
    if [ "$outcome" = FAILED ]; then
        failed="$failed $name"
        echo "  --- the end of $logs/$name.log:"
        tail -n 60 "$logs/$name.log" | sed 's/^/  /'
    fi
}

part setup tests/setup/run.sh
part unit "$BUILD/vdcsim-tests" -j"$(nproc 2>/dev/null || echo 2)"
case $BUILD in *asan* | *tsan*) ;; *) part fuzz tests/fuzz/replay.sh ;; esac  # preloads a shim, or meets leaks of libhdf5: not under sanitizers
case $BUILD in *asan* | *tsan*) ;; *) part faults "$PYTHON" tests/faults/run.py ;; esac  # preloads a shim, or meets leaks of libhdf5: not under sanitizers
part selftest "$BUILD/vdcsim" selftest
part conformance "$PYTHON" tests/conformance/run.py
part spane "$PYTHON" tests/conformance/spane.py
part fgd "$PYTHON" tests/conformance/fgd.py
part model "$PYTHON" tests/reference/compare.py --model
part reference "$PYTHON" tests/reference/compare.py --cases "${REFERENCE_CASES:-300}"
part result "$PYTHON" tests/result/check.py
part scenarios "$PYTHON" tests/scenarios/run.py
case $BUILD in *asan* | *tsan*) ;; *) part gallery "$PYTHON" tools/gallery.py "$BUILD/vdcsim" scenarios "$BUILD/gallery" ;; esac  # whole sweeps: too slow there
part experiments "$PYTHON" tests/experiments/run.py
part docs "$PYTHON" tests/docs/run.py
part reference-page "$PYTHON" tools/scenario_reference.py "$BUILD/vdcsim" docs/scenario.md --check
part new-policy tests/docs/new_policy.sh
part install tests/install/run.sh

if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
echo "all tests passed"
