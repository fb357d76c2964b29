#!/usr/bin/env bash
#SBATCH --job-name=poolfuzz --requeue --open-mode=append --output=night-%A-%a.log
# One shard of a night's fuzzing: one process group with a folder of its own, nothing shared.
#
#   Fuzz/night.sh PROGRAM FOLDER SHARD OPTION...          alone
#   parallel Fuzz/night.sh PROGRAM FOLDER {} OPTION... ::: 0 1 2 3
#   sbatch --array=0-15 --cpus-per-task=2 Fuzz/night.sh PROGRAM FOLDER task OPTION...
#
# PROGRAM is poolfuzz or a libFuzzer target (fuzz-...); the options go to it. SHARD is a number, or
# `task` for the index of the Slurm array task. Shard N works in FOLDER/shard-N with the seed
# POOLFUZZ_SEED + N. A shard that is killed and started again goes on where it was: that is all a
# requeued task does. In the morning: poolfuzz corpus merge FOLDER/shard-* --corpus Corpus
set -euo pipefail

if [ $# -lt 3 ]; then
  sed -n '3,13s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
program=$1 folder=$2 shard=$3
shift 3
if [ "$shard" = task ]; then
  shard=${SLURM_ARRAY_TASK_ID:?"no array task: the shard 'task' is for sbatch --array"}
fi
case $shard in
  '' | *[!0-9]*)
    echo "night.sh: SHARD is a number or 'task', not '$shard'" >&2
    exit 2
    ;;
esac

seed=$((${POOLFUZZ_SEED:-1} + shard))
own=$folder/shard-$shard
mkdir -p "$own"
export SWIFT_BACKTRACE=enable=no SWIFT_DETERMINISTIC_HASHING=1
echo "shard $shard, seed $seed, in $own"

# exec: the signals of a scheduler reach the fuzzer itself, and nothing outlives it.
case $(basename "$program") in
  fuzz-*)
    mkdir -p "$own/corpus" "$own/artifacts"
    exec "$program" -seed="$((seed & 0x7fffffff))" -fork="${SLURM_CPUS_PER_TASK:-1}" \
      -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1 -timeout=10 -rss_limit_mb=1024 \
      -artifact_prefix="$own/artifacts/" "$@" "$own/corpus"
    ;;
  *)
    exec "$program" fuzz --seed "$seed" --jobs "${SLURM_CPUS_PER_TASK:-1}" --corpus "$own" "$@"
    ;;
esac
