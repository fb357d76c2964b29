#!/usr/bin/env bash
# Shows that a night on a cluster loses nothing and counts nothing twice.
#
#   Fuzz/check-slurm.sh POOLFUZZ
#
# Four shards with a planted bug run alone, then as a four-task array under a real Slurm, where one
# task is killed in the middle and requeued. Both nights are merged, in opposite orders, and one of
# them twice: all merged corpora must be the same. Exits with 77, and says why, where no Slurm can run.
set -euo pipefail
cd "$(dirname "$0")/.."
poolfuzz=$(realpath "$1")
traces=${TRACES:-6000}
work=$(mktemp -d /tmp/poolfuzz-night.XXXXXX)
trap 'rm -rf "$work"' EXIT
options=(--traces "$traces" --mutant no-forward-merge --check cheap --save-every 1s --quiet)

merged() {  # FOLDER-OF-SHARDS INTO SHARD...
  local from=$1 into=$2
  shift 2
  "$poolfuzz" corpus merge $(printf "$from/shard-%s " "$@") --corpus "$into"
}
# Names and contents of all that was found.
digest() { (cd "$1" && find . -type f ! -name '*.json' | sort | xargs sha256sum) | sha256sum; }

array() {
  local job
  job=$(sbatch --parsable --array=0-3 --cpus-per-task=1 --output="$work/task-%a.log" \
    Fuzz/night.sh "$poolfuzz" "$work/slurm" task "${options[@]}")
  # The victim must have begun and saved something before it is killed.
  for _ in $(seq 600); do
    if [ -n "$(find "$work/slurm/shard-1" -type f 2>/dev/null | head -1)" ]; then break; fi
    sleep 0.2
  done
  local before
  before=$(squeue -h -j "${job}_1" -o %T || true)
  [ "$before" = RUNNING ] || { echo "task 1 was $before, not running, when it was to be killed"; exit 1; }
  scontrol requeue "${job}_1"
  for _ in $(seq 1500); do
    [ -n "$(squeue -h -j "$job" -o %T 2>/dev/null)" ] || break
    sleep 0.2
  done
  scontrol show job "${job}" | grep -E 'ArrayTaskId|JobState|Restarts'
  scontrol show job "${job}_1" | grep -q 'Restarts=1' || { echo "task 1 was not requeued"; exit 1; }
  # A night that found something exits with 1, which Slurm calls a failure.
  if scontrol show job "$job" | grep -o 'ExitCode=[0-9:]*' | grep -vqE '=[01]:0$'; then
    grep -H . "$work"/task-*.log | tail -20
    echo "a task did not complete"
    exit 1
  fi
}

if [ "${2:-}" = array ]; then
  work=$3
  trap - EXIT
  array
  exit
fi

rc=0
Fuzz/slurm-node.sh "$0" "$poolfuzz" array "$work" || rc=$?
if [ $rc -ne 0 ]; then exit $rc; fi
for shard in 0 1 2 3; do
  Fuzz/night.sh "$poolfuzz" "$work/alone" "$shard" "${options[@]}" >"$work/alone-$shard.log" 2>&1 || [ $? -eq 1 ]
done

merged "$work/alone" "$work/one" 0 1 2 3
merged "$work/slurm" "$work/two" 3 2 1 0
merged "$work/slurm" "$work/two" 1 0 2 3
found=$(find "$work/one" -name '*.trace' | wc -l)
echo "found alone: $found; digests: $(digest "$work/one" | cut -c1-16) $(digest "$work/two" | cut -c1-16)"
[ "$found" -ge 1 ] && [ "$(digest "$work/one")" = "$(digest "$work/two")" ]
echo "slurm: a requeued night finds what an undisturbed one finds, and merging is idempotent"
