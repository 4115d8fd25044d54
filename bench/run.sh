#!/bin/sh
# Runs all benchmarks: bench/run.sh FOLDER-OF-THE-PROGRAMS. A JSON object a line on standard output.
set -e
GAD_COMMIT=$(git describe --always --dirty 2>/dev/null) || GAD_COMMIT=unknown
export GAD_COMMIT
programs=$1
"$programs/bench_ceilings"
"$programs/bench_kernels"
"$programs/bench_layers" bench/shapes/*.txt
threads=${OMP_NUM_THREADS:+--threads $OMP_NUM_THREADS}
for arch in resnet18 vgg16; do
    # shellcheck disable=SC2086 # an option and its value, or nothing
    build/gad bench --arch $arch --batch 1 --json $threads
    for job in forward input-gradient attribution train; do
        # shellcheck disable=SC2086
        build/gad bench --arch $arch --job $job --json $threads
    done
done
