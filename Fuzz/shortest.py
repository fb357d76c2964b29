#!/usr/bin/env python3
"""How short what a night reports is: Fuzz/shortest.py POOLFUZZ [SEEDS] [BUG...]

Every planted bug of .ci/mutants.txt, each seed from 1 to SEEDS (10), is looked for as a user does it:

    poolfuzz fuzz --first --mutant BUG --seed N --traces 2000

What is filed says whether every shorter trace was tried on its machine, over its letters ("proved shortest"). Beside
that stands what other seeds came to for the same bug and failure: on the same machine, where longer is a reduction that
stopped too early, and on any, where it may be the machine that wants more. Prints a row for each bug and failure
that some seed reports longer than another, and the sums. A seed that takes five minutes is named.

    Fuzz/shortest.py --faults SCRATCH [SEEDS] [FILE:LINE...]

does the same with faults made by rule in the model: those that Fuzz/mutate.sh SCRATCH ran, that the first corpus let
pass and that a later check noticed in time."""
import collections
import concurrent.futures
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile

arguments = sys.argv[1:]
# The numbers of faults by rule, by where they are.
faults = {}
if arguments[0] == "--faults":
    scratch = arguments.pop(1)
    arguments[0] = os.path.join(scratch, "package/.build/release/poolfuzz")
    with open(arguments[0], "rb") as file:
        built = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(scratch, "results.jsonl"), encoding="utf-8") as results:
        for site in map(json.loads, results):
            # Of other programs the file keeps results too. What the first corpus notices shows in nearly any
            # trace, or ends every process that runs one.
            if built.startswith(site["program"]) and site["set"] == "model" \
                    and site["by"] not in (None, "corpus regression") and not site["by"].endswith("overdue"):
                faults[f"{os.path.basename(site['file'])}:{site['line']}"] = site["number"]
program = os.path.realpath(arguments[0])
seeds = int(arguments[1]) if len(arguments) > 1 else 10
here = os.path.dirname(os.path.realpath(__file__))


def bugs():
    with open(os.path.join(here, "..", ".ci", "mutants.txt"), encoding="utf-8") as file:
        names = {line.split()[0] for line in file if line.strip() and not line.startswith("#")}
    return arguments[2:] or sorted(faults or names)


def form(path):
    with open(path, encoding="utf-8") as file:
        return "".join(line for line in file if not line.startswith("#"))


def machine(text):
    return tuple(line for line in text.splitlines() if line.startswith("config"))


def words(numbers):
    return ", ".join(map(str, numbers))


def look(job):
    """The findings of a seed: failure, operations, whether proved, form; none where it found nothing in time."""
    bug, seed = job
    planted = [] if bug in faults else ["--mutant", bug]
    environment = dict(os.environ, POOLFUZZ_MUTATION=str(faults.get(bug, 0)))
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = subprocess.run(
                [program, "fuzz", "--first", *planted, "--seed", str(seed), "--traces", "2000", "--jobs", "1",
                 "--corpus", folder, "--json", "--quiet"],
                capture_output=True, text=True, timeout=300, check=False, env=environment)
        except subprocess.TimeoutExpired:
            return bug, seed, []
        if run.returncode not in (0, 1) and planted:
            sys.exit(f"{bug}, seed {seed}: ended with {run.returncode}: {run.stderr.strip()}")
        found = []
        for line in run.stdout.splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") != "finding":
                continue
            finding = event["finding"]
            name = os.path.basename(finding["trace"])
            traces = glob.glob(os.path.join(glob.escape(folder), "**", name), recursive=True)
            found.append((
                finding["identity"], finding["operations_after"], finding["length"].startswith("proved shortest"),
                form(traces[0])))
        return bug, seed, found


def main():
    jobs = [(bug, seed) for bug in bugs() for seed in range(1, seeds + 1)]
    rows = collections.defaultdict(list)
    silent = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for bug, seed, found in pool.map(look, jobs):
            if not found:
                silent.append(f"{bug} (seed {seed})")
            for identity, operations, is_proved, text in found:
                rows[bug, identity].append((operations, is_proved, text))
    proved = least_here = least_anywhere = settled = 0
    forms = collections.defaultdict(set)
    print("| bug | failure | found | least | longer, on another machine | longer than another on the same |")
    print("|---|---|---:|---:|---|---|")
    for (bug, identity), found in sorted(rows.items()):
        least = min(operations for operations, _, _ in found)
        here = {}
        for operations, _, text in found:
            here[machine(text)] = min(operations, here.get(machine(text), operations))
        early = sorted(operations for operations, _, text in found if operations > here[machine(text)])
        other = sorted(operations for operations, _, text in found if least < operations == here[machine(text)])
        proved += sum(is_proved for _, is_proved, _ in found)
        settled += sum(is_proved or operations == least for operations, is_proved, _ in found)
        least_here += len(found) - len(early)
        least_anywhere += sum(operations == least for operations, _, _ in found)
        forms[bug, identity] = {text for operations, _, text in found if operations == least}
        if early or other:
            print(f"| {bug} | {identity} | {len(found)} | {least} | {words(other)} | {words(early)} |")
    total = sum(len(found) for found in rows.values())
    print(f"{len(jobs)} seeds of {len(jobs) // seeds} bugs: {total} findings of {len(rows)} failures")
    print(f"proved shortest on its machine: {proved}; that, or as short as any: {settled}")
    print(f"as short as any seed's on the same machine: {least_here}; on any machine: {least_anywhere}")
    counts = sorted(len(texts) for texts in forms.values())
    within = sum(count <= 2 for count in counts)
    print(f"forms of a failure at its least, machines told apart: at most two for {within} of {len(counts)}")
    if silent:
        print(f"nothing within 2,000 traces and five minutes, or ended: {', '.join(silent)}")


main()
