#!/usr/bin/env bash
# Shows that a night on a cluster loses nothing and counts nothing twice.
#
#   Fuzz/check-slurm.sh POOLFUZZ
#
# Four shards with a planted bug run alone, then as a four-task array under a real Slurm, where one
# task is killed in the middle and requeued. Both nights must have run and counted the same; merged,
# in opposite orders and one of them twice, they must be the same files, and none of the failures of
# any shard may be missing. Exits with 77, and says why, where no Slurm can run.
set -euo pipefail
cd "$(dirname "$0")/.."
poolfuzz=$(realpath "$1")
traces=${TRACES:-2000}
shards=(0 1 2 3)
victim=1
options=(--traces "$traces" --mutant no-forward-merge --check fast --save-every 0.2s --quiet)

fail() { echo "slurm: $*"; exit 1; }

# --- Within the cluster ---

# Of a task, also of one that has ended: its state, its restarts, its exit code and signal.
told() { scontrol show job "$1" 2>/dev/null | grep -o "\b$2=[^ ]*" | head -1 | cut -d= -f2; }

# Waits until a task's state is (or with ! is not) one of an extended regular expression.
await() {  # TASK REGULAR-EXPRESSION SECONDS
  for _ in $(seq $(($3 * 5))); do
    if told "$1" JobState | grep -qE "^($2)$"; then return; fi
    sleep 0.2
  done
  return 1
}

failed() { tail -n 20 "$work"/task-*.log; fail "$@"; }

array() {
  local job task
  job=$(sbatch --parsable --array=0-3 --cpus-per-task=1 --output="$work/task-%a.log" \
    Fuzz/night.sh "$poolfuzz" "$work/slurm" task "${options[@]}")
  task=${job}_$victim
  await "$task" RUNNING 60 || failed "task $victim is $(told "$task" JobState), not running"
  # Killed when it has saved what it would have to do again.
  for _ in $(seq 300); do
    if compgen -G "$work/slurm/shard-$victim/fuzz/*.campaign" >/dev/null; then break; fi
    if told "$task" JobState | grep -qv RUNNING; then break; fi
    sleep 0.1
  done
  scancel --batch --signal=KILL "$task"
  await "$task" 'FAILED|NODE_FAIL|CANCELLED' 60 \
    || failed "task $victim is $(told "$task" JobState), not killed"
  [ "$(told "$task" ExitCode)" = 0:9 ] || failed "task $victim ended before it was killed"
  scontrol requeue "$task"
  for shard in "${shards[@]}"; do
    # A night that found something exits with 1, which Slurm calls a failure.
    await "${job}_$shard" 'COMPLETED|FAILED' 300 && [[ $(told "${job}_$shard" ExitCode) = [01]:0 ]] \
      || failed "task $shard did not complete: $(told "${job}_$shard" JobState)"
  done
  [ "$(told "$task" Restarts)" = 1 ] || failed "task $victim was not requeued"
  grep -q '^going on from trace' "$work/task-$victim.log" || failed "task $victim began again"
  echo "slurm: job $job, task $victim killed and requeued: $(grep '^going on' "$work/task-$victim.log")"
}

# --- What it has left ---

merge() {  # NIGHT INTO SHARD...
  local from=$1 into=$2
  shift 2
  local shards=()
  for shard in "$@"; do shards+=("$from/shard-$shard"); done
  "$poolfuzz" corpus merge "${shards[@]}" --corpus "$into" --quiet
}
# Names and contents of the traces and certificates of a corpus.
contents() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
# The failures of a corpus, or of several, once each.
failures() { (cd "$1" && find . -path '*/found/*' -name '*.trace') | sed -E 's|.*/found/([^/]*)/.*|\1|' | sort -u; }
# What each shard of a night has counted.
counted() {
  for shard in "${shards[@]}"; do
    local report=$1/shard-$shard/fuzz/report.json
    echo "shard $shard $(grep -oE '"traces":[0-9]+,"operations":[0-9]+' "$report" | head -1)" \
      "$(grep -oE '"failures":\[[^]]*\]' "$report")"
  done
}
# Holds two files of such lines against each other.
same() {  # WHAT ONE OTHER
  diff -u "$2" "$3" >"$work/difference" || { head -n 20 "$work/difference"; fail "$1"; }
}

compare() {
  counted "$work/alone" >"$work/counted-alone"
  counted "$work/slurm" >"$work/counted-slurm"
  same "the nights have not run and counted the same" "$work/counted-alone" "$work/counted-slurm"
  merge "$work/alone" "$work/one" "${shards[@]}"
  merge "$work/slurm" "$work/two" 3 2 1 0
  contents "$work/one" >"$work/one.contents"
  contents "$work/two" >"$work/two.contents"
  same "the merged nights differ" "$work/one.contents" "$work/two.contents"
  merge "$work/slurm" "$work/two" 1 0 2 3
  contents "$work/two" >"$work/again.contents"
  same "a second merge has changed something" "$work/two.contents" "$work/again.contents"
  failures "$work/slurm" >"$work/all.failures"
  failures "$work" | grep . >/dev/null || fail "the planted bug was not found"
  (cd "$work/two" && ls found | sort) >"$work/merged.failures"
  same "a failure was lost in the merge" "$work/all.failures" "$work/merged.failures"
}

if [ "${2:-}" = array ]; then
  work=$3
  array
  exit
fi

work=$(mktemp -d /tmp/poolfuzz-night.XXXXXX)
trap 'rm -rf "$work"' EXIT
rc=0
Fuzz/slurm-node.sh "$0" "$poolfuzz" array "$work" || rc=$?
if [ $rc -ne 0 ]; then exit $rc; fi
for shard in "${shards[@]}"; do
  Fuzz/night.sh "$poolfuzz" "$work/alone" "$shard" "${options[@]}" >"$work/alone-$shard.log" 2>&1 || [ $? -eq 1 ]
done
compare
echo "slurm: a requeued night finds and counts what an undisturbed one does; $(wc -l <"$work/two.contents")" \
  "files and $(wc -l <"$work/merged.failures") failures merged, in any order and twice"
