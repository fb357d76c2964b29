#!/usr/bin/env python3
"""Holds what poolfuzz proves and keeps against page rules that are written down here once more.
Usage: check-bounds.py POOLFUZZ [TRACE...]

All traces of small pools are enumerated, whichever of equal free blocks a request meets. In every state
pages whose free runs have at most x units must cost what the article "Bounds" says, and must not be more
than its recursion allows; no state may hold more pages than `poolfuzz bound` prints. The same claims, each
made stronger by one, must be refuted. Every TRACE (one may be '-') is replayed, pages counted by this
program alone; a page more than the trace promises must be refuted too."""
import json
import subprocess
import sys
from collections import OrderedDict

PAGES, CLOSED, COST, LARGE = "pages", "closed pages", "cost", "cost with a large block"

def least_live(page, smallest, x, large):
    """Live units of a page whose free runs have at most x units; with a block of x + 1 if large."""
    first, gaps, least = (x + 1, 2, 0) if large else (0, 1, 1)
    return min(max(first + c * smallest, page - (c + gaps) * x) for c in range(least, page + 2))

def closed_pages(page, smallest, cap):
    """The recursion: at most so many pages with free runs of at most x units, by x."""
    limits = {smallest - 1: cap // least_live(page, smallest, smallest - 1, False)}
    for x in range(smallest, page - smallest + 1):
        cheap = least_live(page, smallest, x, False)
        q = min(limits[x - 1] + 1, cap // cheap)
        limits[x] = q + (cap - q * cheap) // least_live(page, smallest, x, True)
    return limits

def cut(runs, index, units):
    rest = (runs[index] + units,) if runs[index] + units else ()
    halves = rest + (units,) if index else (units,) + rest
    return runs[:index] + halves + runs[index + 1:]

def release(runs, index):
    first = index - (index > 0 and runs[index - 1] < 0)
    last = index + (index + 1 < len(runs) and runs[index + 1] < 0)
    return runs[:first] + (-sum(abs(run) for run in runs[first:last + 1]),) + runs[last + 1:]

def steps(state, page, smallest, cap, exact):
    """Every state one operation away; a page is a tuple of runs, live ones positive."""
    live = sum(run for runs in state for run in runs if run > 0)
    free = {-run for runs in state for run in runs if run <= -min(smallest, 2)}
    places = [(place, index, run) for place, runs in enumerate(state) for index, run in enumerate(runs)]
    after = []
    for units in range(smallest, min(page, cap - live) + 1):
        size = min([size for size in free if size >= units + (not exact)], default=None)
        if size is None:
            after.append(state + ((units,) if units == page else (units, units - page),))
        after += [state[:place] + (cut(state[place], index, units),) + state[place + 1:]
                  for place, index, run in places if run == -(size or 0)]
    for place, index, run in places:
        if run > 0:
            runs = release(state[place], index)
            after.append(state[:place] + ((runs,) if runs != (-page,) else ()) + state[place + 1:])
    return {tuple(sorted(pages)) for pages in after}

def observe(page, smallest, cap, exact):
    """Over all states, by kind of claim and x: the most pages, or the least live units of one."""
    most, seen, queue = {}, {()}, [()]
    while queue:
        state = queue.pop()
        found = [(PAGES, 0, len(state))]
        pages = [(max([-run for run in runs if run < 0] + [0]), runs) for runs in state]
        for x in range(smallest - 1, page - smallest + 1):
            closed = [runs for hole, runs in pages if hole <= x]
            found.append((CLOSED, x, len(closed)))
            for runs in closed:
                live = sum(run for run in runs if run > 0)
                found += [(COST, x, -live)] + [(LARGE, x, -live)] * (max(runs) > x)
        for kind, x, number in found:
            most[kind, x] = max(most.get((kind, x), number), number)
        new = steps(state, page, smallest, cap, exact) - seen
        seen |= new
        queue += new
    return most

def refuted(claims, most):
    """The claims that a state refutes; a claim is at most a number, costs are counted below zero."""
    return [claim for claim, number in claims.items()
            if most.get((claim[0], 0 if claim[0] == PAGES else claim[1]), number) > number]

def check_pool(poolfuzz, page, smallest, cap, exact):
    """What is wrong with the claims about a pool, and the kinds of stronger claims that are refuted."""
    line = (f"bound --json --page-units {page} --smallest-units {smallest} --peak-live-units {cap}"
            f" --order relaxed --exact-fit {'on' if exact else 'off'}")
    report = json.loads(subprocess.run([poolfuzz] + line.split(), capture_output=True, check=True).stdout)
    claims = {(PAGES, bound["proof"]): bound["pages"] for bound in report["bounds"]
              if bound["covers"] == "yes"}
    for x in range(smallest - 1, page - smallest + 1):
        claims[COST, x] = -least_live(page, smallest, x, False)
        claims[LARGE, x] = -least_live(page, smallest, x, True)
    if exact:
        claims.update({(CLOSED, x): limit for x, limit in closed_pages(page, smallest, cap).items()})
    most = observe(page, smallest, cap, exact)
    pool = f"{page},{smallest},{cap}, exact fits {'on' if exact else 'off'}"
    faults = [f"{pool}: {kind} {x} is not {claims[kind, x]}" for kind, x in refuted(claims, most)]
    if report["known_optimum"] not in (None, most[PAGES, 0]):
        faults.append(f"{pool}: {most[PAGES, 0]} pages are the most, not {report['known_optimum']}")
    stronger = {claim: number - 1 for claim, number in claims.items()}
    return faults, {kind if kind != PAGES else f"{kind} {x}" for kind, x in refuted(stronger, most)}

PROFILES = {  # unit and header in bytes, exact fits taken
    "windows-2003-x86": (8, 8, True), "windows-2003-x64": (16, 16, True),
    "reactos-x86": (8, 8, False), "reactos-x64": (16, 16, False)}

class Pool:
    """Pages, runs and lists of a kernel without lookaside lists."""
    def __init__(self, switches):
        self.unit, self.header, exact = PROFILES[switches["profile"]]
        self.skip = 0 if switches.get("first_list", "exact" if exact else "above") == "exact" else 1
        self.remainders_first = switches.get("remainder_end", "tail") == "head"
        self.page, self.next_page, self.pages, self.live, self.mask = 4096 // self.unit, 0, 0, 0, 0
        self.units, self.start_of, self.free, self.lists = {}, {}, set(), {}
    def enter(self, at, units, first):
        self.units[at], self.start_of[at + units] = units, at
        self.free.add(at)
        if units > 1:
            self.lists.setdefault(units, OrderedDict())[at] = True
            self.lists[units].move_to_end(at, last=not first)
            self.mask |= 1 << units
    def leave(self, at):
        self.free.discard(at)
        if self.units[at] > 1:
            del self.lists[self.units[at]][at]
            if not self.lists[self.units[at]]:
                self.mask &= ~(1 << self.units[at])
        return self.units[at]
    def allocate(self, count):
        units = (count + self.header + self.unit - 1) // self.unit
        fits = self.mask >> (units + self.skip)
        if fits:
            at = next(iter(self.lists[(fits & -fits).bit_length() - 1 + units + self.skip]))
            rest = self.leave(at) - units
        else:
            at, rest = self.next_page, self.page - units
            self.next_page, self.pages = at + self.page, self.pages + 1
        block = at + rest if at % self.page else at
        if rest:
            self.enter(at if at % self.page else at + units, rest, self.remainders_first)
        self.units[block], self.start_of[block + units] = units, block
        self.live += units
        return block
    def release(self, at):
        units = self.units[at]
        self.live -= units
        if (at + units) % self.page and at + units in self.free:
            units += self.leave(at + units)
        if at % self.page and self.start_of[at] in self.free:
            at = self.start_of[at]
            units += self.leave(at)
        self.pages -= units == self.page
        if units < self.page:
            self.enter(at, units, True)

def replay(lines):
    """The figures of a trace, and what it expects of them."""
    slots, expected, peak_pages, peak_live = {}, [], 0, 0
    for words in (line.split() for line in lines):
        if words and words[0] == "config":
            pool = Pool(dict(word.split("=") for word in words[1:]))
        elif words and words[0] == "alloc":
            slots[words[1]] = pool.allocate(int(words[3]))
            peak_pages, peak_live = max(peak_pages, pool.pages), max(peak_live, pool.live)
        elif words and words[0] == "free":
            pool.release(slots.pop(words[1]))
        elif words and words[0] == "expect":
            expected.append((words[1], words[2], int(words[3])))
    return {"nonpaged.peak_pages_held": peak_pages, "nonpaged.pages_held": pool.pages,
            "nonpaged.peak_live_block_bytes": peak_live * pool.unit}, expected

def broken(figures, expected):
    return [f"{name} is {figures[name]}, not {relation} {number}" for name, relation, number in expected
            if not {">=": figures[name] >= number, "<=": figures[name] <= number,
                    "==": figures[name] == number}[relation]]

def main():
    poolfuzz, faults, tight = sys.argv[1], [], set()
    pools = [(3, 1, 7), (4, 1, 6), (5, 1, 6), (6, 2, 11), (8, 2, 11), (9, 2, 11), (10, 3, 12)]
    for page, smallest, last in pools:
        for cap, exact in ((cap, exact) for cap in range(smallest, last + 1) for exact in (True, False)):
            wrong, refutations = check_pool(poolfuzz, page, smallest, cap, exact)
            faults += wrong
            tight |= refutations
    kinds = [COST, LARGE, CLOSED] + [f"{PAGES} {proof}" for proof in (
        "trivial", "last-request", "last-request-skipping-exact", "last-closing", "closed-pages")]
    faults += [f"a stronger claim was never refuted: {kind}" for kind in kinds if kind not in tight]
    for path in sys.argv[2:]:
        with sys.stdin if path == "-" else open(path, encoding="utf-8") as lines:
            figures, expected = replay(lines)
        faults += [f"{path}: {text}" for text in broken(figures, expected)]
        more = [(name, relation, number + 1) for name, relation, number in expected if "pages" in name]
        faults += [f"{path}: a page more would have been believed"] * (not broken(figures, more))
    print("".join(fault + "\n" for fault in faults), file=sys.stderr, end="")
    print(f"{len(pools)} pools enumerated, {len(tight)} kinds of stronger claims refuted,"
          f" {len(sys.argv) - 2} traces replayed, {len(faults)} faults")
    return 1 if faults else 0

sys.exit(main())
