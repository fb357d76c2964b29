"""Faults made by rule: where one can be made in the Swift sources, and a copy of the package with many of them
behind a switch.

A fault is one of four: a condition negated, a whole number one larger, a statement left out, two operands
swapped. Each stands behind `mutated(N)`, which is true where the environment says POOLFUZZ_MUTATION=N. No
line moves, so that what a compiler or a survivor names is the line of the source.
"""

import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess

MODEL = ["KernelPool"]
CHECKERS = ["PoolInvariants", "PoolOracles", "PoolReference", "PropertyTesting/Certificates"]
SETS = {"model": MODEL, "checkers": CHECKERS}

# What is no behaviour: marks of what was reached, statements that only a broken program meets, and the bugs
# that are planted by hand.
LEFT_OUT = re.compile(r"\b(mark|precondition|assert|fatalError|preconditionFailure)\(|\bhas\(\.|plantsBugs|mutant == |mechanisms|\"")
PLANTED = re.compile(r"(?<!!)\bhas\(\.|\b(?:mutant|fault) == ")
HEADER = re.compile(r"^\s*(?:\} else )?(if|guard|while) (.+?) (\{|else \{)(.*)$")
NUMBER = re.compile(r"(?<![\w.#$])(?:0x[0-9A-Fa-f_]+|\d[\d_]*)(?![\w:]|\.\d)")
OPERANDS = re.compile(
    r"(?:(?<=[(\[{])|(?<=[,=?:] )|(?<=&& )|(?<=\|\| )|(?<=return )|(?<=if )|(?<=guard )|(?<=where ))"
    r"([A-Za-z_]\w*(?:\.\w+)*|\d+) (&-|-|<=|>=|<|>|%|/|&>>|&<<) "
    r"([A-Za-z_]\w*(?:\.\w+)*|\d+)(?=\s*(?:$|[,;)\]{]|&&|\|\||\?|else))")
STATEMENT = re.compile(
    r"^\s+(?:try )?(?!(?:return|let|var|case|throw|guard|if|else|break|continue|defer|switch|for|while|repeat|"
    r"do|catch|func|init|default|static|private|public|internal|mutating|import|typealias|_modify|yield|in)\b)"
    r"[A-Za-z_][\w.\[\]!?]*(?:\(.*\)|(?:\[[^=]*\])? (?:[-+&|^*/%<>]*=) .*)$")


def source_files(root, modules):
    for module in modules:
        for folder, _, names in sorted(os.walk(os.path.join(root, "Sources", module))):
            for name in sorted(names):
                if name.endswith(".swift"):
                    yield os.path.relpath(os.path.join(folder, name), root)


def clauses(text):
    """The conditions of an `if`, `guard` or `while` with where each begins."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            yield start, text[start:place]
            start = place + 2
    yield start, text[start:]


def is_plain(condition):
    return not re.search(r"\b(let|var|case|try|await|is|as)\b|#|\{", condition) and not LEFT_OUT.search(condition)


def bodies(lines):
    """For each line whether it stands within the body of a function."""
    stack, found, in_text = [], [], False
    for line in lines:
        found.append(bool(stack) and stack[-1] and not in_text)
        if line.count('"""') % 2:
            in_text = not in_text
        if in_text:
            continue
        code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line.split("//")[0])
        for match in re.finditer(r"[{}]", code):
            if match.group() == "{":
                is_type = re.search(r"\b(struct|class|enum|extension|protocol)\b", code[:match.start()])
                stack.append(bool(stack and stack[-1]) or not is_type)
            elif stack:
                stack.pop()
    return found


def of_planted_bugs(lines):
    """The lines of private functions that nothing calls but a bug planted by hand."""
    found = set()
    for begin, line in enumerate(lines):
        name = re.match(r"( *)(?:fileprivate|private) (?:mutating )?func (\w+)\(", line)
        if not name:
            continue
        calls = [text for text in lines if re.search(rf"\b{name[2]}\(", text) and " func " not in text]
        if calls and all(re.search(r"\bhas\(\.|\bmutant == ", text) for text in calls):
            end = next((index for index in range(begin, len(lines)) if lines[index] == name[1] + "}"), begin)
            found.update(range(begin, end + 1))
    return found


def faults(lines):
    """Kind, index of the line and the line with the fault, `@` standing for the switch."""
    inside, planted = bodies(lines), of_planted_bugs(lines)
    for index, line in enumerate(lines):
        code = line.split("//")[0].rstrip()
        if not inside[index] or index in planted or not code.strip() or code != line.rstrip():
            continue
        header = HEADER.match(code)
        if header and not PLANTED.search(code):
            begin = header.start(2)
            for start, text in clauses(header.group(2)):
                if is_plain(text) and text.count("(") == text.count(")"):
                    at = begin + start
                    yield "negate", index, f"{code[:at]}@ != ({text}){code[at + len(text):]}"
        if LEFT_OUT.search(code):
            continue
        first = code.split()[0]
        if first not in ("case", "func", "init", "static", "@inline(__always)", "#if", "mutating", "private"):
            for match in NUMBER.finditer(code):
                value = int(match.group().replace("_", ""), 0)
                yield ("shift", index,
                       f"{code[:match.start()]}(@ ? {value + 1} : {match.group()}){code[match.end():]}")
            for match in OPERANDS.finditer(code):
                one, sign, two = match.groups()
                if one != two:
                    yield ("swap", index, f"{code[:match.start()]}(@ ? {two} {sign} {one} : {one} {sign} {two})"
                                          f"{code[match.end():]}")
        before = lines[index - 1].split("//")[0].rstrip()
        after = lines[index + 1].strip() if index + 1 < len(lines) else ""
        if (STATEMENT.match(code) and code.count("(") == code.count(")") and "{" not in code
                and before[-1:] in ("", "{", "}", ")") + tuple("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
                # The only line of a function with a result is that result.
                and not re.search(r"\b(return|in|=)$|(->.*|\bget|\bvar .*) \{$", before)
                and not re.match(r"[.?:]|[-+*/%&|<>=]+ ", after)):
            indent = code[:len(code) - len(code.lstrip())]
            yield "drop", index, f"{indent}if !@ {{ {code.strip()} }}"


def all_sites(root, modules):
    for path in source_files(root, modules):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            lines = file.read().split("\n")
        seen = {}
        for kind, index, text in faults(lines):
            # The same fault in the same words keeps its name when lines above it come or go.
            words = f"{path} {kind} {text.strip()}"
            seen[words] = seen.get(words, 0) + 1
            name = hashlib.sha256(f"{words} {seen[words]}".encode()).hexdigest()[:12]
            yield {"id": name, "kind": kind, "file": path, "line": index + 1,
                   "before": lines[index].strip(), "after": text}


def choose(root, modules, count, seed, dropped):
    """So many faults, at most one on a line, in an order that the seed gives."""
    def order(site):
        return hashlib.sha256(f"{seed} {site['id']}".encode()).hexdigest()
    chosen, lines = [], set()
    for site in sorted(all_sites(root, modules), key=order):
        place = (site["file"], site["line"])
        if place not in lines and site["id"] not in dropped:
            lines.add(place)
            chosen.append(site)
            if len(chosen) == count:
                break
    return chosen


def write(root, package, sites):
    """Writes the sources of a copy of the package anew, each fault behind its switch."""
    changed = {}
    for site in sites:
        changed.setdefault(site["file"], []).append(site)
    for path in source_files(root, [module for modules in SETS.values() for module in modules]):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = original = file.read()
        if path in changed:
            lines = text.split("\n")
            for site in changed[path]:
                lines[site["line"] - 1] = site["after"].replace("@", f"mutated({site['number']})", 1)
            lines[0] = "import MutationSwitch; " + lines[0]
            text = "\n".join(lines)
        target = os.path.join(package, path)
        with open(target, encoding="utf-8") as file:
            if file.read() == text:
                continue
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
        assert text != original or path not in changed


HEADER_FILE = """#pragma once
#include <stdbool.h>
extern int poolfuzz_mutation;
static inline bool mutated(int number) { return poolfuzz_mutation == number; }
"""
SWITCH_FILE = """#include "switch.h"
#include <stdlib.h>
int poolfuzz_mutation = 0;
__attribute__((constructor)) static void read_mutation(void) {
  const char *text = getenv("POOLFUZZ_MUTATION");
  if (text) poolfuzz_mutation = atoi(text);
}
"""


def copy_package(root, package):
    """What git knows of the package, with the switch as a target that every mutated module depends on."""
    os.makedirs(package, exist_ok=True)
    names = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True).stdout
    names = {name for name in names.decode().split("\0") if name and os.path.isfile(os.path.join(root, name))}
    # What is gone there would be compiled here for ever.
    for top in ("Sources", "Tests"):
        for folder, _, files in os.walk(os.path.join(package, top)):
            for file in files:
                path = os.path.join(folder, file)
                if os.path.relpath(path, package) not in names:
                    os.remove(path)
    for name in sorted(names):
        source, target = os.path.join(root, name), os.path.join(package, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        # An unchanged file keeps its time, so that a second copy builds little.
        if not os.path.exists(target) or not filecmp.cmp(source, target, shallow=False):
            shutil.copy(source, target)
    folder = os.path.join(package, "Sources/MutationSwitch")
    os.makedirs(folder + "/include", exist_ok=True)
    for name, text in (("include/switch.h", HEADER_FILE), ("switch.c", SWITCH_FILE)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    manifest = os.path.join(package, "Package.swift")
    with open(manifest, encoding="utf-8") as file:
        text = file.read()
    with open(manifest, "w", encoding="utf-8") as file:
        file.write(text + """
package.targets.append(.target(name: "MutationSwitch"))
for target in package.targets where %s.contains(target.name) {
  target.dependencies.append("MutationSwitch")
}
""" % json.dumps(sorted({module.split("/")[0] for modules in SETS.values() for module in modules})))
