// How numbers, tags, blocks and colours are written.

// Of two pools beside each other each has a root of its own; what they share is the document's.
const element = (id) => root.getElementById(id) ?? document.getElementById(id);
const unitBytes = history_.unitBytes;
const unitsPerPage = history_.unitsPerPage;
const pageBytes = unitBytes * unitsPerPage;

const grouped = (number) => Math.round(number).toLocaleString("en-US");
const plural = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;

function bytesText(bytes) {
  if (bytes < 100 * 1024) return grouped(bytes) + " B";
  const megabytes = bytes / 1048576;
  return bytes < 10 * 1048576
    ? grouped(bytes / 1024) + " KiB"
    : (megabytes < 100 ? megabytes.toFixed(1) : grouped(megabytes)) + " MiB";
}

const ratioText = (ratio) => (ratio < 9.95 ? ratio.toFixed(2) : ratio.toFixed(1));
const percentText = (share) => (share < 0.0995 ? (share * 100).toFixed(1)
  : Math.round(share * 100)) + " %";

/** A tag as debuggers print it: the protection bit off, what cannot be printed as a dot. */
function tagText(word) {
  let text = "";
  for (let shift = 0; shift < 32; shift += 8) {
    const byte = (shift === 24 ? (word >>> 24) & 0x7f : (word >>> shift) & 0xff);
    text += byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : ".";
  }
  return text;
}
const tagTexts = history_.tags.map(tagText);
const isProtected = (tag) => history_.tags[tag] >>> 31 === 1;

const hexadecimal = (number, width) => number.toString(16).padStart(width, " ");
const pageAddress = (page) => history_.pages[page];
const addressOf = (page, units) =>
  (BigInt("0x" + history_.pages[page]) + BigInt(units * unitBytes)).toString(16)
    .padStart(history_.digits, "0");

/** The line that a debugger's !pool prints for a block. */
function poolLine(page, piece, mark) {
  const star = mark ? "*" : " ";
  const address = addressOf(page, piece.offset);
  const tag = tagTexts[piece.tag];
  const size = hexadecimal(piece.units * unitBytes, 4);
  switch (piece.state) {
    case State.large: return `${star}${address} : large allocation, tag ${tag}, `
      + `${plural(Math.ceil(piece.units / unitsPerPage), "page")}`;
    case State.table: return `${star}${address} : a table of the kernel`;
    case State.kept: return `${star}${address} : kept for reuse`;
    case State.unknown: return `${star}${address} : the chain of blocks is broken here`;
  }
  const state = isFree(piece.state) ? "(Free)      "
    : isParked(piece.state) ? "(Free ) " : "(Allocated) ";
  const guard = isProtected(piece.tag) && piece.state === State.allocated ? " (Protected)" : "";
  return `${star}${address} size: ${size} previous size: `
    + `${hexadecimal(piece.previous * unitBytes, 4)}  ${state}${star}${tag}${guard}`;
}

// Colours come from the style sheet, so that light and dark are decided in one place.
let colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue("--" + name).trim();
  colours = { tags: [] };
  for (const name of ["panel", "edge", "ink", "soft", "accent", "free", "absent", "held", "live",
    "bound", "mark", "grid", "idle", "other", ...stateNames]) colours[name] = read(name);
  for (let index = 0; index < 10; index++) colours.tags.push(read("tag" + index));
  colours["partly allocated"] = colours.allocated;
}

// The ten tags with most bytes have a colour, which pictures give them too. Two pools beside each
// other share them.
const colourOfTag = pair ? pair.colourOfTag : new Map();
for (const text of history_.colouredTags.map(tagText)) {
  if (colourOfTag.size < 10 && !colourOfTag.has(text)) colourOfTag.set(text, colourOfTag.size);
}

function tagColour(tag) {
  const index = colourOfTag.get(tagTexts[tag]);
  return index === undefined ? colours.other : colours.tags[index];
}

/** The colour of a piece, as the reader chose. */
function pieceColour(piece, byTag) {
  if (byTag && (piece.state === State.allocated || piece.state === State.large)) {
    return tagColour(piece.tag);
  }
  return colours[stateNames[piece.state]];
}

/** Sizes a canvas for the screen's pixels and clears it. */
function prepared(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  if (height) canvas.style.height = height + "px";
  const box = canvas.getBoundingClientRect();
  const width = Math.round(box.width * ratio), tall = Math.round(box.height * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== tall) canvas.height = tall;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, box.width, box.height);
  return { context, width: box.width, height: box.height };
}

const monospace = 'ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace';
