"""Reads llvm-cov's JSON on standard input; lists regions of the model that no test executes.

A region is named by its file and the text of its first line, so that the list of exceptions survives
an edit elsewhere. Exits with 1 where a region is neither executed nor excepted, or an exception has no
reason. Exceptions that were executed are named only: some tests draw from a seed of the commit, and
what one seed reaches another need not.
"""

import json
import os
import sys

REGION_CODE = 0


def main():
    data = json.load(sys.stdin)["data"][0]
    root = os.getcwd() + "/"
    counts = {}
    for function in data["functions"]:
        path = function["filenames"][0].removeprefix(root)
        if not path.startswith("Sources/KernelPool/"):
            continue
        for start, column, end, end_column, count, *_, kind in function["regions"]:
            if kind == REGION_CODE:
                place = (path, start, column, end, end_column)
                counts[place] = max(counts.get(place, 0), count)
    sources = {}
    missing = {}
    for (path, start, column, *_), count in sorted(counts.items()):
        if count:
            continue
        if path not in sources:
            with open(path, encoding="utf-8") as file:
                sources[path] = file.read().split("\n")
        missing.setdefault(f"{path}: {sources[path][start - 1].strip()}", f"{start}:{column}")
    excepted = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, _, reason = line.rstrip("\n").partition("  -- ")
                excepted[name] = reason
    new = [name for name in missing if name not in excepted]
    stale = [name for name in excepted if name not in missing]
    unexplained = [name for name, reason in excepted.items() if not reason.strip()]
    for name in new:
        print(f"not executed, {missing[name]}: {name}")
    for name in stale:
        print(f"excepted, and executed in this run: {name}")
    for name in unexplained:
        print(f"excepted without a reason: {name}")
    covered = sum(1 for count in counts.values() if count)
    print(f"{covered} of {len(counts)} regions of the model executed, {len(excepted)} excepted")
    return 1 if new or unexplained or len(counts) < 1000 else 0


sys.exit(main())
