#!/usr/bin/env python3
"""Reads a dump of ours with kdmp_parser and volatility3, each the kinds that it knows, and compares.

Usage: read-dumps.py DUMP LISTING KIND PROFILE. LISTING is what `replay --pool` printed of the machine:
the header of every block in it must stand at its virtual address. All physical pages must be the same
in both readers and in the file.
"""

import re
import sys

PAGE = 0x1000


def blocks(path):
    """Address, size, previous size and tag of every block of a listing."""
    pattern = re.compile(
        r"^[ *]([0-9a-f]{8,16}) size: +([0-9a-f]+) previous size: +([0-9a-f]+)  \([^)]*\) *[* ](.{4})"
    )
    for line in open(path, encoding="latin-1"):
        match = pattern.match(line)
        if match:
            yield (*(int(match[index], 16) for index in (1, 2, 3)), match[4])


def check_blocks(read, listing, profile):
    """Compares the headers that `read` finds with the listing; the number of blocks."""
    wide = profile.endswith("x64")
    count = 0
    for address, size, previous, tag in blocks(listing):
        if not wide and address >> 32:
            raise SystemExit(f"an address of 64 bits in a listing of {profile}")
        header = read(address, 8)
        word = int.from_bytes(header[:4], "little")
        if wide:
            found = ((word >> 16 & 0xFF) * 16, (word & 0xFF) * 16)
        else:
            found = ((word >> 16 & 0x1FF) * 8, (word & 0x1FF) * 8)
        if found != (size, previous):
            raise SystemExit(f"header at {address:x}: {found}, listed {(size, previous)}")
        letters = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in header[4:7])
        if letters != tag[:3]:
            raise SystemExit(f"tag at {address:x}: {letters}, listed {tag}")
        count += 1
    if count < 50:
        raise SystemExit(f"only {count} blocks in the listing")
    return count


def kdmp(path, listing, profile):
    import kdmp_parser

    dump = kdmp_parser.KernelDumpParser(path)

    def read(address, length):
        physical = dump.translate_virtual(address)
        if physical is None:
            raise SystemExit(f"kdmp_parser does not translate {address:x}")
        page = dump.read_physical_page(physical & ~(PAGE - 1))
        offset = physical & (PAGE - 1)
        return bytes(page[offset : offset + length])

    count = check_blocks(read, listing, profile)
    return count, lambda number: dump.read_physical_page(number * PAGE)


def volatility(path, listing, profile, kind):
    from volatility3.framework import contexts, interfaces
    from volatility3.framework.layers import crash, intel, physical

    context = contexts.Context()
    wide = profile.endswith("x64")
    location = interfaces.configuration.path_join("base", "location")
    context.config[location] = "file://" + path
    context.add_layer(physical.FileLayer(context, "base", "file"))
    context.config["dump.base_layer"] = "file"
    layer = crash.WindowsCrashDump64Layer if wide else crash.WindowsCrashDump32Layer
    context.add_layer(layer(context, "dump", "memory"))
    head = open(path, "rb").read(0x20)
    base = int.from_bytes(head[0x10 : 0x18 if wide else 0x14], "little")
    context.config["kernel.memory_layer"] = "memory"
    context.config["kernel.page_map_offset"] = base
    tables = (
        intel.WindowsIntel32e
        if wide
        else intel.WindowsIntelPAE if kind.endswith("pae") else intel.WindowsIntel
    )
    context.add_layer(tables(context, "kernel", "virtual"))
    virtual = context.layers["virtual"]
    count = check_blocks(virtual.read, listing, profile)
    memory = context.layers["memory"]

    def page(number):
        if not memory.is_valid(number * PAGE, PAGE):
            return None
        return memory.read(number * PAGE, PAGE)

    return count, page


def main():
    path, listing, kind, profile = sys.argv[1:5]
    readers = {}
    if profile.endswith("x64"):
        readers["kdmp_parser"] = kdmp(path, listing, profile)
    if kind != "kernel":
        readers["volatility3"] = volatility(path, listing, profile, kind)
    pages = 0
    data = open(path, "rb").read()
    for number in range(0, 0x5000):
        found = {name: page(number) for name, (_, page) in readers.items()}
        present = {name: bytes(page) for name, page in found.items() if page is not None}
        if not present:
            continue
        if len(present) != len(readers):
            raise SystemExit(f"page {number:x} is there for {list(present)} only")
        if len(set(present.values())) != 1:
            raise SystemExit(f"page {number:x} differs between the readers")
        if next(iter(present.values())) not in data:
            raise SystemExit(f"page {number:x} is not in the file")
        pages += 1
    if pages < 200:
        raise SystemExit(f"only {pages} pages")
    counts = ", ".join(f"{name} {count} blocks" for name, (count, _) in readers.items())
    print(f"{profile} {kind}: {pages} pages, {counts}")


main()
