#!/usr/bin/env bash
# Builds and runs the fuzz targets as OSS-Fuzz would, without its containers.
#
#   Fuzz/check-oss-fuzz.sh [address|thread|coverage|none] [SECONDS]
#
# Lays out SRC and OUT, runs the service's build.sh there, and holds what it leaves against what the
# service expects: names, a binary that needs no Swift library, options, a seed corpus. Then runs each
# target on its seed corpus with the service's options, in a folder that it cannot write to, by a user
# that cannot write to OUT either.
set -euo pipefail
cd "$(dirname "$0")/.."
export SANITIZER=${1:-address}
seconds=${2:-10}
command -v zip >/dev/null || { echo "check-oss-fuzz: there is no zip; install it"; exit 4; }
# The targets must bring their own way of keeping a crash from Swift's handler.
unset SWIFT_BACKTRACE

root=$(mktemp -d /tmp/poolfuzz-oss-fuzz.XXXXXX)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
export SRC=$root/src OUT=$root/out WORK=$root/work
export FUZZING_ENGINE=libfuzzer ARCHITECTURE=x86_64
mkdir -p "$SRC/poolfuzz" "$OUT" "$WORK" "$root/bin" "$root/seeds" "$root/new"

fail() { echo "oss-fuzz, $SANITIZER: $*"; exit 1; }

build() {
  # The service's image brings this script; it adds a symbolizer that knows Swift's names.
  cat >"$root/bin/precompile_swift" <<'SCRIPT'
cp "$(command -v llvm-symbolizer)" "$OUT/" 2>/dev/null || true
SCRIPT
  # What is committed and what is about to be, as a clone would have it.
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' path; do
    if [ -e "$path" ]; then printf '%s\0' "$path"; fi
  done | tar --null -T - -cf - | tar -xf - -C "$SRC/poolfuzz"
  cp Fuzz/oss-fuzz/build.sh "$SRC/"
  (cd "$SRC/poolfuzz" && PATH=$root/bin:$PATH bash -eu "$SRC/build.sh") >"$root/build.log" 2>&1 \
    || { tail -40 "$root/build.log"; fail "build.sh failed"; }
}

# Whoever may write everywhere becomes somebody who may not.
as_user=()
if [ "$(id -u)" -eq 0 ]; then as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi

inspect() {  # NAME
  local target=$OUT/$1
  [[ $1 =~ ^[A-Za-z0-9_-]+$ ]] || fail "$1: not a name the service takes"
  if ldd "$target" | grep -q libswift; then fail "$1 needs a Swift library"; fi
  grep -q '^\[libfuzzer\]' "$OUT/$1.options" 2>/dev/null || fail "$1 has no options"
  [ -s "$OUT/${1}_seed_corpus.zip" ] || fail "$1 has no seed corpus"
  python3 -m zipfile -e "$OUT/${1}_seed_corpus.zip" "$root/seeds/$1"
  [ -n "$(ls "$root/seeds/$1")" ] || fail "the seed corpus of $1 is empty"
}

run() {  # NAME
  local options=() code=0 new=$root/new/$1
  # The keys of the options file are libFuzzer's, as the service hands them over.
  mapfile -t options < <(sed -n 's/^\([a-z_]*\) *= *\(.*\)$/-\1=\2/p' "$OUT/$1.options")
  mkdir -p "$new" "$root/readonly"
  if [ ${#as_user[@]} -gt 0 ]; then chown 65534:65534 "$new"; fi
  chmod 555 "$root/readonly"
  chmod -R a+rX "$OUT" "$root/seeds"
  (cd "$root/readonly" && "${as_user[@]}" timeout -k 10 $((seconds + 120)) "$OUT/$1" \
    "${options[@]/#-dict=/-dict=$OUT/}" -max_total_time="$seconds" -rss_limit_mb=2560 -timeout=25 \
    -artifact_prefix="$new/" "$new" "$root/seeds/$1") >"$root/$1.log" 2>&1 || code=$?
  [ "$code" -eq 0 ] || { tail -30 "$root/$1.log"; fail "$1: a run on its seeds ended with $code"; }
  [ -z "$(ls "$root/readonly")" ] || fail "$1 wrote into the folder it was started in"
  local runs
  runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$root/$1.log" | tail -1)
  [ "${runs:-0}" -gt "$(find "$root/seeds/$1" -type f | wc -l)" ] || fail "$1 did not run on its seeds"
  echo "$1: $(find "$root/seeds/$1" -type f | wc -l) seeds, $runs runs in $seconds s"
}

build
echo "oss-fuzz, $SANITIZER: built in $SECONDS s"
count=0
for target in "$OUT"/fuzz-*; do
  name=$(basename "$target")
  case $name in *.zip | *.options | *.dict) continue ;; esac
  inspect "$name"
  # Coverage is for reports: the service replays a corpus on it and does not fuzz.
  if [ "$SANITIZER" != coverage ]; then run "$name"; fi
  count=$((count + 1))
done
[ "$count" -eq "$(ls -d Corpus/fuzz/*/ | wc -l)" ] || fail "only $count targets were built"
echo "oss-fuzz, $SANITIZER: $count targets built and run, $SECONDS s in all"
