#!/usr/bin/env bash
# Compares this suite's engine with libFuzzer: the same planted bugs, the same budget of executions.
#
#   Fuzz/compare-engines.sh POOLFUZZ [EXECUTIONS] [SEEDS] [MUTANT...] >TABLE
#
# POOLFUZZ is a release build; the target fuzz-trace is built with libFuzzer where it is not there.
# libFuzzer runs twice: from nothing, as the suite's engine does, and from the committed inputs. An
# entry says how many seeds found the bug, and of those that did the median of executions and of
# seconds of processor time. One execution is one trace of at most 400 operations for each of them; they
# differ in what they check: the suite's engine looks at all of its oracles after every operation, the
# libFuzzer target at cheap invariants in most and at everything in one of 64 and where it has a suspicion.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 1 ]; then
  sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
poolfuzz=$(realpath "$1")
executions=${2:-10000}
seeds=${3:-3}
shift $(($# < 3 ? $# : 3))
# From bugs that any trace shows to those that take a hundred thousand operations; `none` is none.
mutants=(
  none free-not-counted big-entry-tag-lost session-as-paged contiguous-keeps-refused
  fragment-previous-size keeps-free-page no-backward-merge merge-keeps-list-entry
  run-no-forward-merge quota-not-returned tracker-hash-constant single-page-too-deep
  split-front-next-previous-size deferred-not-counted lookaside-fifo remainder-to-head
  deferred-loses-oldest expansion-not-counted fresh-remainder-to-head freed-to-tail
  single-page-fifo threshold-one-less cache-line-off-by-one contiguous-overlaps first-list-too-low
  first-list-too-high threshold-one-more orphan-listed paged-hint-not-lowered
  big-rehash-forgets-first bitmap-no-last-run tracker-probes-short
)
if [ $# -gt 0 ]; then mutants=("$@"); fi
export SWIFT_BACKTRACE=enable=no SWIFT_DETERMINISTIC_HASHING=1

work=$(mktemp -d /tmp/poolfuzz-engines.XXXXXX)
trap 'rm -rf "$work"' EXIT
target=.build-fuzz/release/fuzz-trace
if [ ! -x "$target" ]; then
  swift build -c release --product fuzz-targets --sanitize=fuzzer -Xswiftc -DFUZZING \
    --scratch-path .build-fuzz >"$work/build" 2>&1 || { cat "$work/build" >&2; exit 1; }
  ln -sf fuzz-targets "$target"
fi
# Addresses that change from run to run would get into libFuzzer's table of compared values.
fixed=()
if setarch -R true 2>/dev/null; then fixed=(setarch -R); fi
TIMEFORMAT=%U

# Each prints the executions up to the first alarm, or nothing where there was none.
own() {  # MUTANT SEED
  rm -rf "$work/corpus"
  "$poolfuzz" fuzz --mutant "$1" --seed "$2" --traces "$executions" --jobs 1 --no-shrink --first \
    --canary 0 --check full --json --quiet --corpus "$work/corpus" >"$work/log" 2>"$work/errors" || [ $? -eq 1 ]
  sed -n 's/.*"event":"finding".*"number":\([0-9]*\).*/\1/p' "$work/log" \
    | sort -n | head -1 | awk '{ print $1 + 1 }'
}

libfuzzer() {  # MUTANT SEED FOLDER...
  local code=0
  rm -rf "$work/new"
  mkdir "$work/new"
  POOLFUZZ_PLANT=$1 "${fixed[@]}" "$target" -seed="$2" -runs="$executions" -max_len=3280 -timeout=10 \
    -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$work/new/" "$work/new" "${@:3}" \
    >"$work/log" 2>&1 || code=$?
  case $code in
    0) ;;
    77) sed -n 's/^stat::number_of_executed_units: *//p' "$work/log" ;;
    *) tail -5 "$work/log" >&2; exit 1 ;;
  esac
}

# FOUND/SEEDS, median of executions, median of seconds.
entry() {  # ENGINE MUTANT ARGUMENT...
  local engine=$1 mutant=$2 seed
  shift 2
  : >"$work/found"
  for seed in $(seq "$seeds"); do
    { time "$engine" "$mutant" "$seed" "$@" >"$work/count"; } 2>"$work/time"
    if [ -s "$work/count" ]; then echo "$(cat "$work/count") $(tail -1 "$work/time")" >>"$work/found"; fi
  done
  local found
  found=$(wc -l <"$work/found")
  if [ "$found" -eq 0 ]; then
    echo "0/$seeds | - | -"
  else
    echo "$found/$seeds | $(median 1) | $(median 2)"
  fi
}
median() { sort -n -k"$1,$1" "$work/found" | awk -v c="$1" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }'; }

echo "$executions executions at most, seeds 1 to $seeds"
echo
echo "| planted bug | own engine | executions | seconds | libFuzzer | executions | seconds | libFuzzer, committed inputs | executions | seconds |"
echo "|---|---|---:|---:|---|---:|---:|---|---:|---:|"
for mutant in "${mutants[@]}"; do
  echo "| $mutant | $(entry own "$mutant") | $(entry libfuzzer "$mutant")" \
    "| $(entry libfuzzer "$mutant" Corpus/fuzz/trace) |"
done
