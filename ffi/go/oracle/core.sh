#!/bin/sh
# Lets upstream judge the Rust core without Go bindings: writes vectors chunk by chunk, and runs the
# core's own conformance test on each. Usage: core.sh [CASES [HISTORIES [SEED [FIRST]]]]; further
# flags of the oracle in FLAGS. Chunks that differ are kept.
set -eu
cases=${1:-20000} histories=${2:-500} seed=${3:-1} first=${4:-0}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work/oracle" "$work/vectors"; rmdir "$work" 2>/dev/null || echo "kept: $work"' EXIT
(cd "$here" && go test -c -o "$work/oracle" .)

# A chunk is what the runner reads at once; its memory grows with the file.
chunk_cases=20000 chunk_histories=1000
passed=0 failed=0 case=0 history=0
while [ "$case" -lt "$cases" ] || [ "$history" -lt "$histories" ]; do
    now_cases=$((cases - case < chunk_cases ? cases - case : chunk_cases))
    now_histories=$((histories - history < chunk_histories ? histories - history : chunk_histories))
    mkdir -p "$work/vectors"
    # Cases and histories are numbered apart, so a chunk is written in two runs.
    for kind in calculations histories; do
        rm -f "$work/vectors"/*
        if [ "$kind" = calculations ]; then
            [ "$now_cases" -gt 0 ] || continue
            set -- -first $((first + case)) -cases "$now_cases" -histories 0
        else
            [ "$now_histories" -gt 0 ] || continue
            set -- -first $((first + history)) -cases 0 -histories "$now_histories" -sequences "$now_histories"
        fi
        # shellcheck disable=SC2086 # FLAGS are several words
        "$work/oracle" -test.run '^TestOracle$' -test.v -seed "$seed" "$@" -write "$work/vectors" ${FLAGS:-} \
            >"$work/vectors/oracle.log" 2>&1 || { cat "$work/vectors/oracle.log"; exit 1; }
        status=0
        (cd "$root" && PLIMSOLL_VECTORS="$work/vectors" cargo test --release -q -p plimsoll-core --test conformance hpa -- --nocapture) \
            >"$work/vectors/core.log" 2>&1 || status=$?
        line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$work/vectors/core.log") || { cat "$work/vectors/core.log"; exit 1; }
        passed=$((passed + ${line%% *}))
        line=${line#* passed, }
        failed=$((failed + ${line%% *}))
        if [ "$status" != 0 ]; then
            kept=$work/$kind.$case.$history
            cp -r "$work/vectors" "$kept"
            sed -n '/vectors differ/,/^note\|^stack\|^test /p' "$kept/core.log"
        fi
    done
    case=$((case + now_cases)) history=$((history + now_histories))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
