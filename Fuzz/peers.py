#!/usr/bin/env python3
"""This suite's engine beside libFuzzer on its target, Hypothesis and a loop of uniform draws: the same bugs,
which nobody chose and nobody tuned for.

  Fuzz/peers.py SCRATCH [--bugs N] [--seeds N] [--only NUMBER]... [--built] >TABLE

SCRATCH is that of `Fuzz/mutate.sh SCRATCH`, which must have run: its faults by rule in the model are the bugs,
the first N (24) of the draw that a recorded trace of this repository notices, so that somebody can, and that
leave a machine without operations as it was; those in the table of versions are left out, since whoever judges
takes a version's facts from it. An execution is one trace. Each engine has a limit
of executions that takes it about as long as the others (LIMITS), and begins from nothing. Own, Hypothesis and
the loop judge with every rule and oracle after each operation, through the same judge; the libFuzzer target
with what it has, its structured changes of traces included. Seconds are of processor time, up to the report,
reduction included; operations are those of the trace that is reported: where the engine reduces, after that
(libFuzzer by -minimize_crash, at most 1,000 runs). Rows are kept in SCRATCH/peers.jsonl, and the same command
goes on where it was ended. Hypothesis: pip install hypothesis==6.170.17.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import select
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMITS = {"own": 3000, "libFuzzer": 20000, "Hypothesis": 300, "uniform": 3000}
# What one trace may take; whatever takes more is a bug that was found.
MOST_SECONDS = 20
HEADER_BYTES, RECORD_BYTES = 80, 8

PROFILES = ["reactos-x86", "reactos-x64", "windows-2000-x86", "windows-xp-x86", "windows-2003-x86", "windows-2003-x64",
            "windows-vista-x86", "windows-vista-x64", "windows-7-x86", "windows-7-x64", "windows-8-x86",
            "windows-8-x64", "windows-10-x64"]
POOLS = ["NonPaged", "Paged", "NonPagedCacheAligned", "PagedCacheAligned", "PagedSession", "NonPaged+Quota",
         "Paged+Quota"]
SLOTS, TAGS = 16, ["Aaaa", "Bbbb", "Cccc"]


class Judge:
    """`poolfuzz replay --batch`: one trace after another through one process that has the bug."""

    def __init__(self, program, number):
        self.words = [program, "replay", "--batch", "--check", "full"]
        self.environment = environment(number)
        self.process, self.has_fault = None, number != 0
        self.executions, self.operation = 0, None

    def fails(self, text):
        """Whether a trace fails; one that ends the process or takes too long does."""
        self.executions += 1
        if self.process is None:
            self.process = subprocess.Popen(self.words, env=self.environment, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            self.process.stdin.write(text.encode() + b"end\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return self.end()
        if not select.select([self.process.stdout], [], [], MOST_SECONDS)[0]:
            return self.end()
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            return self.end()
        outcome = re.search(rb'"outcome":"([^"]+)"', line)[1]
        # A fault may keep a machine from starting; without one every trace is understood.
        if outcome == b"error" and not self.has_fault:
            sys.exit(f"peers: the judge does not understand a trace: {line.decode()}\n{text}")
        self.operation = json.loads(line).get("operation")
        return outcome not in (b"ok", b"not-judged")

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
        self.operation = None
        return True


def environment(number):
    return dict(os.environ, POOLFUZZ_MUTATION=str(number), SWIFT_BACKTRACE="enable=no",
                SWIFT_DETERMINISTIC_HASHING="1")


def machine(profile, pages, depth, processors):
    return (f"config profile={profile} nonpaged_pages={pages} paged_pages={pages} session_pages=16 tracker=64"
            f" bigtable=64 lookaside={depth} processors={processors}\n")


def spent():
    """Processor seconds of this process and of the children that have ended."""
    return sum(use.ru_utime + use.ru_stime
               for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


# Each engine gives the number of the execution that found the bug and the operations of its report, or nothing.


def own(scratch, number, seed, folder):
    words = [scratch / "package/.build/release/poolfuzz", "fuzz", "--first", "--traces", LIMITS["own"], "--seed", seed,
             "--jobs", 1, "--canary", 0, "--check", "full", "--json", "--quiet", "--corpus", folder / "corpus"]
    run = subprocess.run([str(word) for word in words], env=environment(number), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    found = [event["finding"] for event in map(json.loads, run.stdout.splitlines()) if event["event"] == "finding"]
    if run.returncode == 0:
        return None
    if not found:
        # A fault that ends the program: nothing is reported.
        return None, None
    first = min(found, key=lambda finding: (finding["number"], finding["met_while"] is not None))
    return first["number"] + 1, first["operations_after"]


def libfuzzer(scratch, number, seed, folder):
    target = str(scratch / "package/.build-fuzz/release/fuzz-trace")
    fixed = ["setarch", "-R"] if shutil.which("setarch") else []
    (folder / "new").mkdir()
    shared = ["-max_len=3280", f"-timeout={MOST_SECONDS}", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/new/"]
    run = subprocess.run(
        [*fixed, target, f"-seed={seed}", f"-runs={LIMITS['libFuzzer']}", "-print_final_stats=1", *shared,
         f"{folder}/new"],
        env=environment(number), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if run.returncode == 0:
        return None
    count = re.search(rb"^stat::number_of_executed_units: *(\d+)", run.stdout, re.M)
    inputs = [path for path in (folder / "new").iterdir() if re.match("crash|timeout|oom", path.name)]
    if not inputs:
        return (int(count[1]) if count else 1, None)
    smallest = folder / "smallest"
    subprocess.run([*fixed, target, "-minimize_crash=1", "-runs=1000", "-max_total_time=60", *shared[:3],
                    f"-exact_artifact_path={smallest}", str(inputs[0])],
                   env=environment(number), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    path = smallest if smallest.exists() else inputs[0]
    return (int(count[1]) if count else 1, max(path.stat().st_size - HEADER_BYTES, 0) // RECORD_BYTES)


def uniform(scratch, number, seed, folder):
    """Traces of up to 400 operations, every choice uniform; no reduction: the report ends where it fails."""
    rng = random.Random(seed)
    judge = Judge(str(scratch / "package/.build/release/poolfuzz"), number)
    for _ in range(LIMITS["uniform"]):
        lines = [machine(rng.choice(PROFILES), rng.randint(16, 64), rng.randint(0, 4), rng.randint(1, 2))]
        for _ in range(rng.randint(1, 400)):
            slot = rng.randrange(SLOTS)
            lines.append([
                lambda: f"alloc s{slot} {rng.choice(POOLS)} {size(rng)} {rng.choice(TAGS)}\n",
                lambda: f"free s{slot}\n", lambda: f"fill s{slot}\n",
                lambda: f"contiguous s{slot} {4096 * rng.randint(1, 4)}\n",
                lambda: f"tick {rng.randint(1, 3)}\n",
            ][rng.choice([0, 0, 0, 0, 1, 1, 1, 2, 3, 4])]())
        if judge.fails("".join(lines)):
            operation = judge.operation
            judge.end()
            return judge.executions, operation if operation is not None else len(lines) - 1
    judge.end()
    return None


def size(rng):
    return rng.randint(0, rng.choice([512, 4096, 20000]))


def hypothesis(scratch, number, seed, folder):
    """The same operations as rules of a state machine; the trace runs when its steps are drawn."""
    from hypothesis import HealthCheck, Phase, settings, strategies as st
    from hypothesis import seed as seeded
    from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

    judge = Judge(str(scratch / "package/.build/release/poolfuzz"), number)
    seen = {"first": None, "steps": None}
    slots = st.integers(0, SLOTS - 1)

    class Pool(RuleBasedStateMachine):
        @initialize(profile=st.sampled_from(PROFILES), pages=st.integers(16, 64), depth=st.integers(0, 4),
                    processors=st.integers(1, 2))
        def make(self, profile, pages, depth, processors):
            self.lines = [machine(profile, pages, depth, processors)]

        @rule(slot=slots, pool=st.sampled_from(POOLS), tag=st.sampled_from(TAGS),
              size=st.one_of(st.integers(0, 512), st.integers(0, 4096), st.integers(0, 20000)))
        def alloc(self, slot, pool, size, tag):
            self.lines.append(f"alloc s{slot} {pool} {size} {tag}\n")

        @rule(slot=slots)
        def free(self, slot):
            self.lines.append(f"free s{slot}\n")

        @rule(slot=slots)
        def fill(self, slot):
            self.lines.append(f"fill s{slot}\n")

        @rule(slot=slots, pages=st.integers(1, 4))
        def contiguous(self, slot, pages):
            self.lines.append(f"contiguous s{slot} {4096 * pages}\n")

        @rule(seconds=st.integers(1, 3))
        def tick(self, seconds):
            self.lines.append(f"tick {seconds}\n")

        def teardown(self):
            if not hasattr(self, "lines"):
                return
            if judge.fails("".join(self.lines)):
                seen["first"] = seen["first"] or judge.executions
                # The last failing example that runs is the reduced one, which is run again for the report.
                seen["steps"] = len(self.lines) - 1
                raise AssertionError("the pool fails")

    try:
        run_state_machine_as_test(
            seeded(seed)(Pool),
            settings=settings(database=None, max_examples=LIMITS["Hypothesis"], stateful_step_count=100,
                              deadline=None, suppress_health_check=list(HealthCheck), print_blob=False,
                              phases=[Phase.generate, Phase.shrink]))
    except Exception:  # pylint: disable=broad-except
        # The failure, a group of several, or one that it could not repeat; anything else is no result.
        if not seen["first"]:
            raise
    judge.end()
    return (seen["first"], seen["steps"]) if seen["first"] else None


ENGINES = {"own": own, "libFuzzer": libfuzzer, "Hypothesis": hypothesis, "uniform": uniform}


def measure(arguments):
    """One engine on one bug with one seed, in a process of its own, whose seconds are counted."""
    engine, scratch, number, seed = arguments.run
    with tempfile.TemporaryDirectory(prefix="poolfuzz-peers.") as folder:
        with open(os.devnull, "w", encoding="utf-8") as nothing:
            output, sys.stdout = sys.stdout, nothing
            found = ENGINES[engine](pathlib.Path(scratch), int(number), int(seed), pathlib.Path(folder))
            sys.stdout = output
    print(json.dumps({"found": found, "seconds": round(spent(), 2)}))


def shows_at_once(program, number):
    """Whether a machine of some system fails without any operation of its user."""
    judge = Judge(program, number)
    failed = any(judge.fails(machine(profile, 16, 2, 1)) for profile in PROFILES)
    judge.end()
    return failed


def build(scratch):
    target = scratch / "package/.build-fuzz/release/fuzz-trace"
    run = subprocess.run(
        ["swift", "build", "-c", "release", "--product", "fuzz-targets", "--sanitize=fuzzer", "-Xswiftc", "-DFUZZING",
         "--scratch-path", ".build-fuzz"], cwd=scratch / "package", capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit("peers: the libFuzzer target does not build:\n" + (run.stdout + run.stderr)[-3000:])
    if not target.exists():
        target.symlink_to("fuzz-targets")


def median(values):
    return statistics.median_low(values) if values else None


def entry(rows):
    """Found of seeds, and of those that did the medians of executions, seconds and operations."""
    if not rows:
        return "not run | - | - | -"
    found = [row for row in rows if row["found"]]
    if not found:
        return f"0/{len(rows)} | - | - | -"
    # Whatever ended its own process says neither where nor how long the trace is.
    executions, steps = ([row["found"][place] for row in found if row["found"][place]] for place in (0, 1))
    return (f"{len(found)}/{len(rows)} | {median(executions) if executions else '-'} |"
            f" {median([row['seconds'] for row in found]):.1f} | {median(steps) if steps else 'ended'}")


def main():
    parser = argparse.ArgumentParser(prog="Fuzz/peers.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scratch", type=pathlib.Path)
    parser.add_argument("--bugs", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", type=int, action="append")
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--run", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        return measure(arguments)
    scratch = arguments.scratch.resolve()
    program = str(scratch / "package/.build/release/poolfuzz")
    if not arguments.built:
        build(scratch)
    with open(program, "rb") as file:
        name = hashlib.sha256(file.read()).hexdigest()[:16]
    with open(scratch / "results.jsonl", encoding="utf-8") as file:
        sites = [site for site in map(json.loads, file) if site["program"] == name and site["set"] == "model"
                 and re.match("answers|corpus", site["by"] or "") and "/Layout/" not in site["file"]]
    sites.sort(key=lambda site: site["number"])
    bugs = []
    for site in sites:
        if len(bugs) == arguments.bugs:
            break
        if arguments.only and site["number"] not in arguments.only:
            continue
        if not shows_at_once(program, site["number"]):
            bugs.append(site)
    kept = scratch / "peers.jsonl"
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    rows = {(row["engine"], row["number"], row["seed"]): row for row in rows if row["program"] == name}
    # Number 0 is no bug: whoever finds one there is wrong.
    for site in [{"number": 0}, *bugs]:
        for seed in range(1, arguments.seeds + 1):
            for engine in ENGINES:
                if (engine, site["number"], seed) in rows:
                    continue
                run = subprocess.run(
                    [sys.executable, "-B", __file__, ".", "--run", engine, scratch, str(site["number"]), str(seed)],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
                if run.returncode != 0:
                    print(f"peers: {engine} was not run on {site['number']}: {run.stderr[-300:]}", file=sys.stderr)
                    continue
                row = dict(json.loads(run.stdout), engine=engine, number=site["number"], seed=seed, program=name)
                rows[engine, site["number"], seed] = row
                with open(kept, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
    print(f"{len(bugs)} faults by rule, seeds 1 to {arguments.seeds}; at most "
          + ", ".join(f"{count:,} executions of {engine}" for engine, count in LIMITS.items()) + "\n")
    print("| fault | " + " | ".join(f"{engine} | executions | seconds | operations" for engine in ENGINES) + " |")
    print("|---|" + "---|---:|---:|---:|" * len(ENGINES))
    for site in [None, *bugs]:
        number = site["number"] if site else 0
        words = (f"{site['kind']}: `{re.sub(r'[|]', chr(92) + '|', site['before'])}` ({os.path.basename(site['file'])})"
                 if site else "none")
        columns = [entry([row for row in rows.values() if row["engine"] == engine and row["number"] == number])
                   for engine in ENGINES]
        print(f"| {words} | " + " | ".join(columns) + " |")
    print()
    for engine in ENGINES:
        mine = [row for row in rows.values() if row["engine"] == engine and row["number"] != 0]
        found = {row["number"] for row in mine if row["found"]}
        print(f"{engine}: {len(found)} of {len({row['number'] for row in mine})} faults,"
              f" {sum(bool(row['found']) for row in mine)} of {len(mine)} runs")


if __name__ == "__main__":
    main()
