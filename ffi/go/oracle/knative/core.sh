#!/bin/sh
# Lets Knative's windows judge the Rust core: writes vectors chunk by chunk, and runs the core's own conformance test on
# each. Usage: core.sh [STREAMS [SEED [FIRST]]]. Chunks that differ are kept.
set -eu
streams=${1:-20000} seed=${2:-1} first=${3:-0}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work/oracle" "$work/vectors"; rmdir "$work" 2>/dev/null || echo "kept: $work"' EXIT
(cd "$here" && go mod download) || { echo "SKIPPED: Knative's modules cannot be had, its windows judge nothing"; exit 0; }
(cd "$here" && go test -c -o "$work/oracle" .)

# A chunk is what the runner reads at once; its memory grows with the file.
chunk=10000 passed=0 failed=0 done=0
while [ "$done" -lt "$streams" ]; do
    now=$((streams - done < chunk ? streams - done : chunk))
    mkdir -p "$work/vectors"
    rm -f "$work/vectors"/*
    "$work/oracle" -test.run '^TestOracle$' -seed "$seed" -first $((first + done)) -streams "$now" \
        -write "$work/vectors" >"$work/vectors/oracle.log" 2>&1 || { cat "$work/vectors/oracle.log"; exit 1; }
    status=0
    (cd "$root" && PLIMSOLL_VECTORS="$work/vectors" cargo test --release -q -p plimsoll-core --test conformance kpa -- --nocapture) \
        >"$work/vectors/core.log" 2>&1 || status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$work/vectors/core.log") || { cat "$work/vectors/core.log"; exit 1; }
    passed=$((passed + ${line%% *}))
    line=${line#* passed, }
    failed=$((failed + ${line%% *}))
    if [ "$status" != 0 ]; then
        cp -r "$work/vectors" "$work/streams.$done"
        sed -n '/vectors differ/,/^note\|^stack\|^test /p' "$work/streams.$done/core.log"
    fi
    done=$((done + now))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
