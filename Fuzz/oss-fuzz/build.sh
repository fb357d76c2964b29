#!/bin/bash -eu
# Builds every libFuzzer target the way OSS-Fuzz and ClusterFuzzLite want it: one binary in $OUT that
# needs nothing but itself, with its seed corpus, dictionary and options beside it.
#
# The stock $SWIFTFLAGS are not used: they parse a program as a library in a way that the package
# manager has replaced by --sanitize=fuzzer.
. precompile_swift

flags=(--static-swift-stdlib -Xswiftc -static-stdlib -Xswiftc -DFUZZING --sanitize=fuzzer)
case $SANITIZER in
  address | thread) flags+=("--sanitize=$SANITIZER") ;;
  coverage) flags+=(-Xswiftc -profile-generate -Xswiftc -profile-coverage-mapping) ;;
  none) ;;
  *)
    echo "build.sh: Swift has no sanitizer '$SANITIZER' on Linux" >&2
    exit 1
    ;;
esac
# Quiet where it is there; the linker of the images that lack it only prints more.
if command -v ld.lld >/dev/null; then flags+=(-Xswiftc -use-ld=lld); fi

swift build -c release --product fuzz-targets "${flags[@]}"

# One program: its name says which target it is.
for folder in Corpus/fuzz/*/; do
  name=$(basename "$folder")
  target=fuzz-$name
  cp .build/release/fuzz-targets "$OUT/$target"
  for kind in dict options; do
    if [ -f "Fuzz/settings/$target.$kind" ]; then cp "Fuzz/settings/$target.$kind" "$OUT/"; fi
  done
  (cd "Corpus/fuzz/$name" && zip -qr "$OUT/${target}_seed_corpus.zip" .)
done
