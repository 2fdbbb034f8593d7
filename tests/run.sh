#!/bin/sh
# Runs every part of the tests, as many side by side as there are processors, and prints one line for each as it ends; the whole output of a
# part is in $BUILD/test-logs. Called by `make check`, which sets BUILD, PYTHON and CC. Exit 1 when a part failed.
#
#     tests/run.sh            all parts
#     tests/run.sh PART...    these
#
# A part is a command whose last line of output sums it up. Parts that need ../shared (VDCSIM_SHARED) say "skipped" without it.
set -u
BUILD=${BUILD:-build}
PYTHON=${PYTHON:-/usr/bin/python3}
VDCSIM_SHARED=${VDCSIM_SHARED:-../shared}
export BUILD PYTHON VDCSIM_SHARED
logs=$BUILD/test-logs

# The command of each part. Long ones come first, so that none is left running alone at the end.
parts() {
    cat <<END
unit            $BUILD/${UNIT_TESTS:-vdcsim-tests} -j$(nproc 2>/dev/null || echo 2)
gallery         $PYTHON tools/gallery.py $BUILD/vdcsim scenarios $BUILD/gallery
docs            $PYTHON tests/docs/run.py
experiments     $PYTHON tests/experiments/run.py
selftest        $BUILD/vdcsim selftest
reference       $PYTHON tests/reference/compare.py --cases ${REFERENCE_CASES:-300}
faults          $PYTHON tests/faults/run.py
scenarios       $PYTHON tests/scenarios/run.py
fgd             $PYTHON tests/conformance/fgd.py
result          $PYTHON tests/result/check.py
commands        $PYTHON tests/commands/run.py
conformance     $PYTHON tests/conformance/run.py
model           $PYTHON tests/reference/compare.py --model
spane           $PYTHON tests/conformance/spane.py
fuzz            tests/fuzz/replay.sh
reference-page  $PYTHON tools/scenario_reference.py $BUILD/vdcsim docs/scenario.md --check
new-policy      tests/docs/new_policy.sh
install         tests/install/run.sh
END
}

# Not under sanitizers: fuzz and faults preload a shim or meet leaks of libhdf5; the others run much, or build again, of what the rest runs, too.
left_out() {
    case $BUILD in *asan* | *tsan*) echo "fuzz faults gallery docs fgd install new-policy" ;;
    *coverage*) echo "faults install new-policy" ;; # faults would hit the writing of the counts
    esac
}

run_part() { # NAME COMMAND...
    name=$1
    shift
    begin=$(date +%s)
    if "$@" >"$logs/$name.log" 2>&1; then outcome=ok; else outcome=FAILED; fi
    summary=$(sed -e 's/\x1b\[[0-9;]*m//g' "$logs/$name.log" | grep -v '^$' | tail -n 1)
    line=$(printf '%-14s %-6s %4ds  %s' "$name" "$outcome" $(($(date +%s) - begin)) "$summary")
    if [ "$outcome" = ok ]; then
        echo "$line"
    else
        printf '%s\n  --- the end of %s:\n%s\n' "$line" "$logs/$name.log" "$(tail -n 60 "$logs/$name.log" | sed 's/^/  /')"
        echo "$name" >>"$logs/failed"
    fi
}

if [ "${1:-}" = --one ]; then # how this script calls itself: NAME COMMAND...
    shift
    run_part "$@"
    exit 0
fi

mkdir -p "$logs"
rm -f "$logs/failed"
[ $# -gt 0 ] || run_part setup tests/setup/run.sh # what it finds missing would fail all others
parts | while read -r name command; do
    case " $(left_out) " in *" $name "*) continue ;; esac
    [ $# -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
    echo "$name $command"
done | xargs -P "$(nproc 2>/dev/null || echo 2)" -I PART sh -c "exec sh \"\$0\" --one \$1" "$0" PART

if [ -s "$logs/failed" ]; then
    echo "FAILED: $(tr '\n' ' ' <"$logs/failed")"
    exit 1
fi
echo "all tests passed"
