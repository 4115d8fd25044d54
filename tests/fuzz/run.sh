#!/bin/sh
# sh tests/fuzz/run.sh libfuzzer|afl SECONDS TARGET...: runs each target for so long, and fails at
# the first that something is found in. `make fuzz` and `make fuzz-afl` call it.
#
# A target begins with its corpus and, where they are, the reference files of its format. What is
# invented, good or bad, stays in build/fuzz and is where the next run goes on; and so does what the
# engine says.
set -u
engine=$1 seconds=$2
shift 2
shared=${GAD_SHARED:-../shared}/conformance

# gather NAME FOLDER: copies what the target NAME begins with. Large files only make it slow.
gather()
{
    case $1 in
    jpeg | png | safetensors) more=$shared/$1 ;;
    npy | pickle | tensors | zip) more=$shared/torch ;;
    *) more= ;;
    esac
    mkdir -p "$2"
    for folder in "tests/fuzz/corpus/$1" ${more:+"$more"}; do
        [ ! -d "$folder" ] || find "$folder" -type f -size -64k -exec cp {} "$2" \;
    done
}

run_libfuzzer() # TARGET NAME
{
    new=build/fuzz/$2
    gather "$2" "$new.seeds"
    mkdir -p "$new"
    "$1" -max_total_time="$seconds" -timeout=20 -max_len=65536 -artifact_prefix="$new-" \
        -print_final_stats=1 "$new" "$new.seeds" >"$new.log" 2>&1 ||
        { tail -n 60 "$new.log"; exit 1; }
    sed -n 's/^stat::/    /p' "$new.log"
}

# The first settings are of no use where others use the machine, too; AFL++ would stop for want of
# them, or draw a screen.
run_afl() # TARGET NAME
{
    new=build/fuzz/$2.afl
    gather "$2" "$new/seeds"
    AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 \
    AFL_NO_COLOR=1 AFL_AUTORESUME=1 AFL_IGNORE_PROBLEMS=1 \
        afl-fuzz -V "$seconds" -t 20000 -m none -G 65536 -i "$new/seeds" -o "$new/out" -- "$1" \
        >"$new/log" 2>&1 || { tail -n 60 "$new/log"; exit 1; }
    sed -n 's/^\(execs_done\|execs_per_sec\|corpus_count\|edges_found\) *:/    \1:/p' \
        "$new/out/default/fuzzer_stats"
    found=$(find "$new/out/default/crashes" "$new/out/default/hangs" -name 'id*')
    [ -z "$found" ] || { echo "$found"; exit 1; }
}

for target; do
    echo "$target, $seconds s"
    "run_$engine" "$target" "${target##*/fuzz_}"
done
