#!/bin/sh
# Runs test programs and counts their TAP lines. What touches the kernels (its source makes an
# eng_exec) runs once for each CPU level that this machine has, the rest once; as many at a time as
# there are processors, or GAD_JOBS.
#
#     tests/run.sh PROGRAM...
#
# Prints a line for each run, what failed, each reason to skip once, and as its last line
# "N passed, N failed" or "N passed, N failed, N skipped". A program that crashes, or ends without
# its plan, is one failure. The exit status is 1 if anything failed.
set -u
LC_ALL=C
export LC_ALL

# run FILE PROGRAM LEVEL: one run. Prints its result when it has it; leaves FILE.counts (passed,
# failed, skipped) and FILE.skips.
run()
{
    name=${2##*/}
    if [ "$3" = best ]; then
        "$2" >"$1.out" 2>"$1.err"
    else
        name="$name, $3"
        GAD_CPU=$3 "$2" >"$1.out" 2>"$1.err"
    fi
    status=$?
    file=$1
    # "ok" lines, "not ok" lines, skips, and 1 if the plan stands there and is right.
    counts=$(awk '
        /^ok .*# SKIP/ { skips++; next }
        /^ok /         { good++ }
        /^not ok /     { bad++ }
        /^1\.\.[0-9]+$/ { plans++; plan = substr($0, 4) + 0 }
        END { print good + 0, bad + 0, skips + 0, plans == 1 && plan == good + bad + skips }
    ' "$file.out")
    # shellcheck disable=SC2086 # four numbers
    set -- $counts
    sed -n 's/^ok .*# SKIP */  skipped: /p' "$file.out" >"$file.skips"
    bad=$2
    {
        if [ "$4" = 0 ] || { [ "$status" != 0 ] && [ "$2" = 0 ]; }; then
            bad=$(($2 + 1))
            echo "not ok - $name ended with status $status after $(($1 + $2 + $3)) tests"
        fi
        echo "$name: $1 passed, $bad failed"
        if [ "$bad" != 0 ]; then # failures, with what the program says of them
            grep -E '^(not ok |#|Bail out!)' "$file.out" | head -n 60
            tail -n 40 "$file.err"
        fi
    } >"$file.report"
    cat "$file.report" # in one piece: others print, too
    echo "$1 $bad $3" >"$file.counts"
}

if [ "${1-}" = --run ]; then
    run "$2" "$3" "$4"
    exit 0
fi

# Tests ask for absurd amounts of memory and want an answer; and leaks are failures.
ASAN_OPTIONS=${ASAN_OPTIONS-allocator_may_return_null=1}
UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1}
LSAN_OPTIONS=${LSAN_OPTIONS-suppressions=tests/lsan.supp:print_suppressions=0}
# Threads that wait must not spin where others need the processor.
OMP_WAIT_POLICY=${OMP_WAIT_POLICY-passive}
export ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS OMP_WAIT_POLICY

# LLVM's OpenMP runtime often leaves a record in /dev/shm, named after its process. One of no length,
# cut short, makes the next process of that number die of SIGBUS.
for record in /dev/shm/__KMP_REGISTERED_LIB_*_"$(id -u)"; do
    pid=${record#*_LIB_}
    [ -d "/proc/${pid%_*}" ] || echo "$record"
done | xargs rm -f

work=$(mktemp -d "${TMPDIR:-/tmp}/gad-run-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
# A locale with a decimal comma, where one can be made, for a program that asks for it.
if localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2>"$work/err"; then
    export LOCPATH="$work"
fi

# The levels of this machine, as test_cpu tells them; a GAD_CPU that is set already is the only one.
# GAD_LEVELS=best is the highest alone, for those who have seen the others.
levels=${GAD_CPU-${GAD_LEVELS-}}
for program; do
    case $program in
    */test_cpu) [ "$levels" ] || levels=$("$program" | sed -n 's/^# levels: //p') ;;
    esac
done
levels=${levels:-best}

# A line "FILE PROGRAM LEVEL" for each run.
runs=0
for program; do
    source=tests/${program##*/}.c
    at=best
    [ -f "$source" ] && grep -q eng_exec_init "$source" && at=$levels
    for level in $at; do
        runs=$((runs + 1))
        echo "\"$work/$runs\" \"$program\" $level"
    done
done >"$work/runs"
xargs -P "${GAD_JOBS:-$(nproc 2>/dev/null || echo 1)}" -L 1 sh "$0" --run <"$work/runs"

sort -u "$work"/*.skips
cat "$work"/*.counts | {
    passed=0 failed=0 skipped=0 done=0
    while read -r good bad skips; do
        passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skips))
        done=$((done + 1))
    done
    failed=$((failed + runs - done)) # what did not come to an end
    total="$passed passed, $failed failed"
    [ "$skipped" = 0 ] || total="$total, $skipped skipped"
    echo "$total"
    [ "$failed" = 0 ]
}
