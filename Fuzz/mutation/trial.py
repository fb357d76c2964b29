"""Makes faults by rule, builds them all at once behind a switch, and runs each against the checks.

Called by Fuzz/mutate.sh, which says how.
"""

import argparse
import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

import sites

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Many times what a check takes: a fault that makes one run for ever is noticed too. Of processor time, since
# other work on the machine is no fault, for a replay, a check that takes longer, and tests; and of the clock
# for what only waits.
MOST_SECONDS = {"replay": 3, "corpus": 3, "fuzz": 20, "mutants": 20}
MOST_SECONDS_OF_TESTS, MOST_WAITING = 100, 3600
# The suites nearest to a module.
SUITES = {
    "KernelPool": "KernelPoolTests|PoolTraceTests|PoolReferenceTests",
    "PoolInvariants": "PoolInvariantsTests",
    "PoolOracles": "PoolFuzzingTests|PoolReferenceTests",
    "PoolReference": "PoolReferenceTests",
    "PropertyTesting": "PropertyTestingTests",
}


def read_lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_lines(path, rows):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    os.replace(path + ".new", path)


def prepare(scratch, arguments):
    """The copy of the package with its faults. What the compiler refuses is left out and replaced."""
    package = os.path.join(scratch, "package")
    kept = os.path.join(scratch, "sites.jsonl")
    refused = os.path.join(scratch, "refused.json")
    dropped = set()
    if os.path.exists(refused):
        with open(refused, encoding="utf-8") as file:
            dropped = set(json.load(file))
    wanted = {"model": arguments.model, "checkers": arguments.checkers}
    sites.copy_package(ROOT, package)
    builds = [["swift", "build", "-c", "release", "--product", "poolfuzz"]]
    if arguments.tests:
        # First, since what the compiler refuses it refuses sooner in a debug build.
        builds = [["swift", "build", "--product", "poolfuzz"], *builds, ["swift", "build", "--build-tests"]]
    while True:
        chosen = []
        for name, modules in sites.SETS.items():
            for site in sites.choose(ROOT, modules, wanted[name], arguments.seed, dropped):
                chosen.append(dict(site, set=name, number=len(chosen) + 1))
        sites.write(ROOT, package, chosen)
        write_lines(kept, chosen)
        errors = set()
        for command in builds:
            run = subprocess.run(command, cwd=package, capture_output=True, text=True, check=False)
            if run.returncode == 0:
                continue
            found = re.findall(r"^(\S+?\.swift):(\d+):\d+: error:", run.stdout + run.stderr, re.M)
            errors = {(path[path.index("/Sources/") + 1:], int(line))
                      for path, line in found if "/Sources/" in path}
            bad = [site for site in chosen if (site["file"], site["line"]) in errors]
            if not bad:
                # A statement that is left out may be missed elsewhere: at the end of its function.
                bad = [site for site in chosen if site["kind"] == "drop" and any(
                    path == site["file"] and 0 < line - site["line"] < 60 for path, line in errors)]
            if not bad:
                sys.exit("mutate: the copy does not build:\n" + (run.stdout + run.stderr)[-3000:])
            dropped.update(site["id"] for site in bad)
            with open(refused, "w", encoding="utf-8") as file:
                json.dump(sorted(dropped), file)
            print(f"mutate: the compiler refuses {len(bad)} faults; others take their place", flush=True)
            break
        if not errors:
            return chosen


class Checks:
    """The checks in the order of what they cost, each a name and a run that gives true where all is well."""

    def __init__(self, scratch, uses_tests, is_thorough):
        self.package = os.path.join(scratch, "package")
        self.program = os.path.join(self.package, ".build/release/poolfuzz")
        self.uses_tests, self.is_thorough = uses_tests, is_thorough
        # The last command was ended for the processor time that it took.
        self.is_overdue = False
        golden = os.path.join(ROOT, "Tests/PoolTraceTests/Golden")
        with open(golden + "/exceptions.txt", encoding="utf-8") as file:
            exceptions = {line.split(" ")[0] for line in file}
        names = sorted(f"{word}/{name[:-6]}" for word in ("x86", "x64")
                       for name in os.listdir(f"{golden}/{word}") if name.endswith("-00.trace"))
        self.golden = [f"{golden}/{name}" for name in names if name not in exceptions]
        assert len(self.golden) > 10

    def run(self, words, number, folder, expected=(0,)):
        environment = dict(os.environ, POOLFUZZ_MUTATION=str(number), SWIFT_BACKTRACE="enable=no")
        seconds = MOST_SECONDS.get(words[1], MOST_SECONDS_OF_TESTS)
        try:
            run = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=MOST_WAITING, check=False,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds,) * 2))
        except subprocess.TimeoutExpired:
            self.is_overdue = True
            return False, b""
        self.is_overdue = run.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
        return run.returncode in expected, run.stdout

    def answers(self, number, folder):
        for base in self.golden:
            _, output = self.run(
                [self.program, "replay", "--check", "off", "--state", base + ".trace"], number, folder)
            with open(base + ".expected", "rb") as file:
                wanted = file.read()
            if [line for line in output.split(b"\n") if not line.startswith(b"#")] != \
                    [line for line in wanted.split(b"\n") if not line.startswith(b"#")]:
                return False
        return True

    def fuzz(self, number, folder, traces, seed):
        return self.run([self.program, "fuzz", "--first", "--no-shrink", "--traces", str(traces), "--seed", str(seed),
                         "--jobs", "1", "--quiet", "--corpus", "corpus"], number, folder)[0]

    def tests(self, suites, number):
        # Not through `swift test`, of which only one can run at a time.
        return self.run([os.path.join(self.package, ".build/debug/poolfuzzPackageTests.xctest"),
                         "--testing-library", "swift-testing", "--filter", suites,
                         # The copy imports the switch.
                         "--skip", "ImportsTests"], number, self.package)[0]

    def steps(self, site, number, folder):
        corpus, kept = os.path.join(ROOT, "Corpus"), os.path.join(ROOT, ".ci/mutants.txt")
        def verify(name):
            return self.run([self.program, "corpus", "verify", "--quiet", f"{corpus}/{name}"], number, folder)[0]

        yield "corpus regression", lambda: verify("regression")
        yield "answers", lambda: self.answers(number, folder)
        yield "corpus kernel-tests", lambda: verify("kernel-tests")
        yield "fuzz 300", lambda: self.fuzz(number, folder, 300, 1)
        if site is None or site["set"] == "checkers":
            yield "planted bugs", lambda: self.run(
                [self.program, "mutants", "--ratchet", kept, "--seeds", "1", "--jobs", "1"], number, folder)[0]
            yield "sole killings", lambda: self.run(
                [self.program, "mutants", "--sole", f"{corpus}/mutants/table.jsonl", "--jobs", "1"], number, folder)[0]
        if self.uses_tests:
            modules = [site["file"].split("/")[1]] if site else sorted(SUITES)
            for module in modules:
                yield f"tests of {module}", lambda module=module: self.tests(SUITES[module], number)
        if self.is_thorough:
            yield "fuzz 3000", lambda: self.fuzz(number, folder, 3000, 2)

    def first_objection(self, site, number):
        with tempfile.TemporaryDirectory() as folder:
            for name, step in self.steps(site, number, folder):
                if not step():
                    # On a busy machine that may say more of the machine than of the fault.
                    return f"{name}, overdue" if self.is_overdue else name
        return None


def known_survivors():
    """What is said of survivors, by file, rule and line: "because", "noticed by" or "open"."""
    found = {}
    with open(os.path.join(HERE, "survivors.txt"), encoding="utf-8") as file:
        for line in file:
            match = re.match(r"(Sources/.*?) (because|noticed by|open)(?: .+)?$", line.rstrip())
            if match:
                found[match[1]] = match[2]
            elif line.strip() and not line.startswith("#"):
                sys.exit(f"mutate: survivors.txt: expected a reason behind '{line.strip()}'")
    return found


def main():
    parser = argparse.ArgumentParser(prog="Fuzz/mutate.sh")
    parser.add_argument("scratch")
    parser.add_argument("--model", type=int, default=200)
    parser.add_argument("--checkers", type=int, default=100)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--built", action="store_true")
    arguments = parser.parse_args()
    scratch = os.path.abspath(arguments.scratch)
    os.makedirs(scratch, exist_ok=True)
    part, parts = map(int, arguments.part.split("/"))
    chosen = read_lines(os.path.join(scratch, "sites.jsonl")) if arguments.built else prepare(scratch, arguments)
    results = os.path.join(scratch, "results.jsonl")
    checks = Checks(scratch, arguments.tests, not arguments.quick)
    with open(checks.program, "rb") as file:
        program = hashlib.sha256(file.read()).hexdigest()[:16]
    # What another program came to says nothing about this one.
    known = {row["id"]: row for row in read_lines(results) if row["program"] == program}
    mine = [site for site in chosen if site["number"] % parts == part % parts]
    if any(site["id"] not in known for site in mine):
        # Without a fault nothing objects, or every fault would seem to be noticed.
        objection = checks.first_objection(None, 0)
        if objection:
            sys.exit(f"mutate: '{objection}' objects to the sources as they are")
    for site in mine:
        if site["id"] in known:
            continue
        begin = time.monotonic()
        known[site["id"]] = dict(site, program=program, by=checks.first_objection(site, site["number"]),
                                 seconds=round(time.monotonic() - begin, 1))
        with open(results, "a", encoding="utf-8") as file:
            file.write(json.dumps(known[site["id"]]) + "\n")
    said = known_survivors()
    survivors = [site for site in mine if known[site["id"]]["by"] is None]
    counts = {"because": 0, "noticed by": 0, "open": 0, None: 0}
    for site in survivors:
        word = said.get(f"{site['file']}: {site['kind']}: {site['before']}")
        counts[word] += 1
        if word in (None, "open"):
            print(f"{site['file']}:{site['line']}: {site['kind']} survives"
                  f"{' (known)' if word else ''}: {site['before']}\n"
                  f"    {site['after'].strip().replace('@', 'MUTATED')}")
    print(f"{len(mine)} faults by rule: {len(mine) - len(survivors)} noticed at once, {counts['noticed by']} by a test,"
          f" {counts['because']} equivalent, {counts['open']} known to survive, {counts[None]} more survive")
    sys.exit(1 if counts[None] or not mine else 0)


if __name__ == "__main__":
    main()
