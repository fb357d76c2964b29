#!/usr/bin/env python3
"""Judges real crash dumps by what has been measured in them; others only have to be read or refused.

Usage: real-dumps.py POOLFUZZ FOLDER. A dump is known by its length in bytes.
"""

import json
import os
import subprocess
import sys

# Both are published as samples of rizin's tests.
KNOWN = {
    1444532: {
        "build": 19041, "machine": "x64", "code": "1000007e", "pieces": 1832, "bytes": 1162346,
        "drivers": 151, "unloaded_drivers": 4,
    },
    1216428: {"build": 22000, "machine": "ARM64", "code": "1c8", "drivers": 245},
}


def main():
    poolfuzz, folder = sys.argv[1:3]
    wrong = known = 0
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            continue
        run = subprocess.run(
            [poolfuzz, "inspect", "--json", path], capture_output=True, text=True, timeout=600
        )
        if run.returncode not in (0, 1, 3):
            print(f"{name}: ended with {run.returncode}: {run.stderr}")
            wrong += 1
            continue
        facts = KNOWN.get(os.path.getsize(path))
        if facts is None:
            print(f"{name}: read, exit {run.returncode}; nothing is known of it")
            continue
        known += 1
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        dump = next(line for line in lines if line.get("kind") == "dump")
        for key, value in facts.items():
            if key == "code":
                found = next(
                    (line for line in lines if value in json.dumps(line).lower()), None
                )
                if found is None:
                    print(f"{name}: the bug check is not {value}")
                    wrong += 1
                continue
            found = dump[key] if not isinstance(dump[key], list) else len(dump[key])
            if found != value:
                print(f"{name}: {key} is {found}, not {value}")
                wrong += 1
        # A place only looks like a block; a header behind it says nothing on such builds.
        blocks = [block for place in dump["places"] for block in place["looks_like"]]
        if any(block["next_agrees"] is not None for block in blocks):
            print(f"{name}: a block of a segment heap is called agreed")
            wrong += 1
        print(f"{name}: as measured")
    print(f"{known} known real dumps judged")
    return 1 if wrong else 0


sys.exit(main())
