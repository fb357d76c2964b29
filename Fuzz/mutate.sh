#!/usr/bin/env bash
# Faults made by rule in the sources of the model and of the checkers: a condition negated, a number one
# larger, a statement left out, two operands swapped. Which of them does no check notice?
#
#   Fuzz/mutate.sh SCRATCH [--model N] [--checkers N] [--seed S] [--part I/N] [--tests] [--quick] [--built]
#
# Copies the package to SCRATCH/package, puts N faults in each set of sources (200 and 100; at most one on a
# line, drawn by the seed) behind a switch that the environment sets, and builds the copy once. Then each
# fault runs against the recorded answers, the corpus and `fuzz --first --traces 300`; one in a checker also
# against the planted bugs of `.ci/mutants.txt`; with --tests against the nearest suite; what is left, against
# 3,000 traces. SCRATCH/results.jsonl keeps what has been run: the same command goes on where it was ended.
# --part I/N runs every N-th fault, --quick leaves the 3,000 traces out, --built takes the copy as it stands.
# Survivors are printed with file and line; those that `Fuzz/mutation/survivors.txt` lists are counted apart.
# Exit 1 where others are left.
set -euo pipefail
if [ $# -lt 1 ] || [ "$1" = --help ]; then
  sed -n '2,15s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
exec python3 -B "$(dirname "$0")/mutation/trial.py" "$@"
