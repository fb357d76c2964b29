#!/usr/bin/env bash
# Builds and runs the fuzz targets as OSS-Fuzz would, without its containers.
#
#   Fuzz/check-oss-fuzz.sh [address|thread|coverage] [SECONDS]
#
# Lays out SRC and OUT, runs the service's build.sh there, and holds what it leaves against what the
# service expects: names, a binary that needs no Swift library, options, a seed corpus. Then runs each
# target on its seed corpus in a folder that cannot be written to.
set -euo pipefail
cd "$(dirname "$0")/.."
export SANITIZER=${1:-address}
seconds=${2:-10}
command -v zip >/dev/null || { echo "check-oss-fuzz: there is no zip; install it"; exit 4; }

root=$(mktemp -d /tmp/poolfuzz-oss-fuzz.XXXXXX)
trap 'chmod -R u+w "$root"; rm -rf "$root"' EXIT
export SRC=$root/src OUT=$root/out WORK=$root/work
export FUZZING_ENGINE=libfuzzer ARCHITECTURE=x86_64
mkdir -p "$SRC/poolfuzz" "$OUT" "$WORK" "$root/bin" "$root/readonly"

# The service's image brings this script; it adds a symbolizer that knows Swift's names.
cat >"$root/bin/precompile_swift" <<'SCRIPT'
cp "$(command -v llvm-symbolizer)" "$OUT/" 2>/dev/null || true
SCRIPT
export PATH=$root/bin:$PATH

# What is committed and what is about to be, as a clone would have it.
git ls-files -z --cached --others --exclude-standard | xargs -0 -I{} sh -c 'test -e "{}" && printf "%s\0" "{}"' \
  | tar --null -T - -cf - | tar -xf - -C "$SRC/poolfuzz"
cp Fuzz/oss-fuzz/build.sh "$SRC/"
(cd "$SRC/poolfuzz" && bash -eu "$SRC/build.sh") >"$root/build.log" 2>&1 \
  || { tail -40 "$root/build.log"; exit 1; }

chmod a-w "$root/readonly"
count=0
for target in "$OUT"/fuzz-*; do
  name=$(basename "$target")
  case $name in *.* | *_seed_corpus*) continue ;; esac
  [[ $name =~ ^[A-Za-z0-9_-]+$ ]] || { echo "$name: not a name the service takes"; exit 1; }
  if ldd "$target" | grep -q libswift; then echo "$name needs a Swift library"; exit 1; fi
  [ -s "$OUT/$name.options" ] || { echo "$name has no options"; exit 1; }
  [ -s "$OUT/${name}_seed_corpus.zip" ] || { echo "$name has no seed corpus"; exit 1; }
  mkdir -p "$root/seeds/$name" "$root/new/$name"
  python3 -m zipfile -e "$OUT/${name}_seed_corpus.zip" "$root/seeds/$name"
  dictionary=()
  if [ -f "$OUT/$name.dict" ]; then dictionary=("-dict=$OUT/$name.dict"); fi
  if [ "$SANITIZER" != coverage ]; then
    (cd "$root/readonly" && timeout -k 10 $((seconds + 120)) "$target" -max_total_time="$seconds" \
      -timeout=25 -rss_limit_mb=2560 -artifact_prefix="$root/new/" "${dictionary[@]}" \
      "$root/new/$name" "$root/seeds/$name") >"$root/$name.log" 2>&1 \
      || { tail -30 "$root/$name.log"; echo "$name: a run on its seeds failed"; exit 1; }
    runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$root/$name.log" | tail -1)
    echo "$name: ${runs:?"no run"} runs in $seconds s"
  fi
  count=$((count + 1))
done
[ "$count" -ge 5 ] || { echo "only $count targets were built"; exit 1; }
echo "oss-fuzz, $SANITIZER: $count targets built and run"
