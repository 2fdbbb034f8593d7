#!/bin/sh
# Runs libFuzzer targets one after another on one core: BUILD=build-fuzz SECONDS=60 tests/fuzz/run.sh TARGET...
#
# Inputs found are kept in CORPORA/corpus-TARGET (by default in BUILD), so that a later run goes on from there, with this build or another.
# RUNS=10000000 ends a target after so many executions, RUNS=0 replays what was found. An input that crashes, leaks, takes longer than
# a second or more than 256 MiB of memory ends the target; it lies in BUILD/found-TARGET, and belongs in tests/fuzz/regressions once
# its cause is mended. Prints one line a target: executions, executions per second, coverage, peak memory.
set -eu
build=${BUILD:-build-fuzz}
corpora=${CORPORA:-$build}
seconds=${SECONDS:-60}
runs=${RUNS:--1} # executions at most; -1: until the time is over
options=${OPTIONS:-} # others of libFuzzer's
longest=${LENGTH:-4096} # bytes of an input
# The quarantine would count as growth. HDF5 keeps pools for the life of the process, which LeakSanitizer sees as reachable.
export ASAN_OPTIONS="quarantine_size_mb=8:allocator_may_return_null=1:detect_leaks=1:max_allocation_size_mb=256"
# What HDF5 loses of its own in a damaged file cannot be mended here (docs/security.md).
export LSAN_OPTIONS="suppressions=$(dirname "$0")/leaks.txt:print_suppressions=0"
# Seconds of the clock, so more of them on a machine that is shared; replay.sh measures CPU time.
timeout=${TIMEOUT:-1}
outcome=0
for target in "$@"; do
    corpus=$corpora/corpus-$target found=$build/found-$target
    mkdir -p "$corpus" "$found"
    tests/fuzz/seeds.sh "$target" "$corpus"
    case $target in
    yaml | scenario)
        "$build/vdcsim" validate --schema | grep -o '"[a-zA-Z][a-zA-Z0-9_-]*"' | sort -u >"$build/$target.dict"
        cat tests/fuzz/yaml.dict >>"$build/$target.dict"
        ;;
    *)
        cp "tests/fuzz/$target.dict" "$build/$target.dict"
        ;;
    esac
    case $target in quantity) length=128 ;; *) length=$longest ;; esac
    log=$build/fuzz-$target.log
    if "$build/fuzz-$target" -max_total_time="$seconds" -runs="$runs" -max_len=$length -timeout=$timeout -rss_limit_mb=256 -print_final_stats=1 \
        $options -dict="$build/$target.dict" -artifact_prefix="$found/" "$corpus" >"$log" 2>&1; then
        verdict=ok
    else
        verdict=FOUND
        outcome=1
    fi
    printf '%-10s %-6s %s executions, %s a second, %s features, %s MiB at most\n' "$target" $verdict \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" \
        "$(sed -n 's/.* ft: \([0-9]*\).*/\1/p' "$log" | tail -n 1)" "$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")"
    [ $verdict = ok ] || grep -E -A 25 'ERROR|SUMMARY|does not hold|runtime error' "$log" | head -n 60
done
exit $outcome
