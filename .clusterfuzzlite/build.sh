#!/bin/bash -eu
# The same build as for OSS-Fuzz, from the sources at hand.
exec bash -eu Fuzz/oss-fuzz/build.sh
