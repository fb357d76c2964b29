#!/usr/bin/env bash
# Ranks allocators by the worst that one search finds: bytes held for bytes live.
#
#   Fuzz/rank-allocators.sh POOLFUZZ [SEEDS] [CANDIDATES] >TABLE
#
# The model's versions, the system's malloc, the two allocators of this repository, and those of
# libmimalloc and libjemalloc where they are installed, all under the same budget.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 1 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
poolfuzz=$(realpath "$1")
libraries=.build/release
for name in tlsf buddy; do
  [ -f "$libraries/libtarget-$name.so" ] || swift build -c release --product "target-$name" >&2
done
targets=(malloc "$libraries/libtarget-tlsf.so" "$libraries/libtarget-buddy.so")
for name in libmimalloc.so.2 libjemalloc.so.2; do
  path=$(find /usr/lib /usr/local/lib -name "$name" 2>/dev/null | head -1)
  if [ -n "$path" ]; then targets+=("$path"); else echo "$name is not installed: left out" >&2; fi
done
for name in reactos-x86 reactos-x64 windows-2000-x86 windows-xp-x86 windows-2003-x86 \
  windows-2003-x64 windows-7-x86 windows-7-x64 windows-8-x64; do targets+=("$name"); done
"$poolfuzz" maximize "${targets[@]/#/--target=}" --seed 1 --seeds "${2:-5}" --candidates "${3:-200}"
