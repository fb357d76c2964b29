// The recorded history: what the pages held after every step.
//
// All that follows is the body of a function of a root element, the history, and the other pool where
// two are shown beside each other (`pair`, else null).
//
// A step is a list of splices of page contents. A content is an array of pairs: units, and
// tag * 16 + state. Contents are never changed in place, so a snapshot is a list of references and
// one of them every few steps makes any step quick to rebuild.

const stateNames = ["allocated", "partly allocated", "free", "lookaside", "deferred", "orphan",
  "large", "fragment", "table", "kept", "unknown"];
const State = Object.fromEntries(stateNames.map((name, index) => [name, index]));
const stepsBetweenSnapshots = 128;

const pageCount = history_.pages.length;
const lines = history_.lines.split("\n");
const stepCount = lines.length;
const lastStep = stepCount - 1;

/** The number of the operation that a step ends with. */
const operationOf = (step) => (step === lastStep ? history_.operations
  : Math.min(step * history_.stride, history_.operations));

/** The step that shows an operation: of a sampled trace the first that has it behind it. */
function stepOf(operation) {
  if (operation >= history_.operations) return lastStep;
  return Math.min(Math.max(Math.ceil(operation / history_.stride), 0), lastStep);
}

/** The words for what is counted of a sample of the pages alone. */
const ofSample = history_.pagesPerKept > 1 ? ` (of 1 page in ${history_.pagesPerKept})` : "";

/** Undoes the difference coding of a curve. */
function summed(differences) {
  let sum = 0;
  return differences.map((difference) => (sum += difference));
}

/** Steps that end with a refused request or a stop, and the one that a trace fails at, which is its
 * last. */
const problems = lines.flatMap((line, step) => {
  const result = line.split(" -> ")[1] ?? "ok";
  const isFailure = step === lastStep && history_.failed;
  return isFailure || !/^([0-9a-f]+|ok|null|skipped)$/.test(result) ? [step] : [];
});

const held = summed(history_.held);
const live = summed(history_.live);
const bound = history_.bound ? summed(history_.bound) : null;

/** Reads the splices of every step from base64. */
function decodeSteps(text) {
  const binary = atob(text);
  let position = 0;
  const number = () => {
    let value = 0, scale = 1, byte;
    do {
      byte = binary.charCodeAt(position++);
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte & 0x80);
    return value;
  };
  const steps = [];
  for (let step = 0; step < stepCount; step++) {
    const splices = [];
    for (let count = number(); count > 0; count--) {
      const page = number(), start = number(), removed = number(), inserted = [];
      for (let pieces = number(); pieces > 0; pieces--) inserted.push(number(), number());
      splices.push({ page, start, removed, inserted });
    }
    steps.push(splices);
  }
  return steps;
}

const steps = decodeSteps(history_.steps);
const emptyContent = [];

/** Applies one step to a list of contents. */
function applyStep(contents, step) {
  for (const splice of steps[step]) spliceInto(contents, splice);
}

function spliceInto(contents, { page, start, removed, inserted }) {
  const old = contents[page];
  const content = old.slice(0, 2 * start).concat(inserted, old.slice(2 * (start + removed)));
  contents[page] = content.length ? content : emptyContent;
}

const snapshots = [];
const everHeld = new Set();
(() => {
  const contents = new Array(pageCount).fill(emptyContent);
  for (let step = 0; step < stepCount; step++) {
    applyStep(contents, step);
    for (const { page } of steps[step]) everHeld.add(page);
    if (step % stepsBetweenSnapshots === 0) snapshots.push(contents.slice());
  }
})();

let rebuilt = { step: -1, contents: [] };

/** The contents of every page after a step. The list is the caller's to read, not to change. */
function contentsAfter(step) {
  if (step === rebuilt.step) return rebuilt.contents;
  const near = Math.floor(step / stepsBetweenSnapshots);
  const forward = step > rebuilt.step && rebuilt.step >= near * stepsBetweenSnapshots;
  const contents = forward ? rebuilt.contents.slice() : snapshots[near].slice();
  let at = forward ? rebuilt.step : near * stepsBetweenSnapshots;
  while (at < step) applyStep(contents, ++at);
  rebuilt = { step, contents };
  return contents;
}

const isFree = (state) => state === State.free || state === State.orphan;
const isParked = (state) => state === State.lookaside || state === State.deferred;
const isRun = (state) => state === State.large || state === State.table || state === State.kept;

const statistics = new WeakMap();

/** Sums of one page's content; kept with it. */
function statisticsOf(content) {
  let found = statistics.get(content);
  if (found) return found;
  found = { blocks: 0, live: 0, parked: 0, parkedBlocks: 0, free: 0, hole: 0, holes: [], units: 0,
    kind: "small", tags: [] };
  for (let index = 0; index < content.length; index += 2) {
    const units = content[index], code = content[index + 1], state = code & 15;
    found.units += units;
    if (state === State.allocated) {
      found.blocks++;
      found.live += units;
      found.tags.push(code >>> 4);
    } else if (isParked(state)) {
      found.parked += units;
      found.parkedBlocks++;
    } else if (isFree(state)) {
      found.free += units;
      found.hole = Math.max(found.hole, units);
      found.holes.push(units);
    } else if (isRun(state) && index === 0) {
      found.kind = stateNames[state];
    }
  }
  statistics.set(content, found);
  return found;
}

/** The pieces of a content with their offsets in units. */
function* piecesOf(content) {
  let offset = 0, previous = 0;
  for (let index = 0; index < content.length; index += 2) {
    const units = content[index], code = content[index + 1];
    yield { offset, units, previous, tag: code >>> 4, state: code & 15 };
    previous = units;
    offset += units;
  }
}

const touches = new Map();

/** What a page held over time: each change's step, and the content from then on. */
function lifeOfPage(page) {
  if (!touches.has(page)) {
    const found = [{ step: 0, content: emptyContent }];
    const contents = new Array(pageCount).fill(emptyContent);
    for (let step = 0; step < stepCount; step++) {
      for (const splice of steps[step]) {
        if (splice.page !== page) continue;
        spliceInto(contents, splice);
        found.push({ step, content: contents[page] });
      }
    }
    touches.set(page, found);
  }
  return touches.get(page);
}

/** The steps in which a block came to be as it is and ended; `to` is null where it never does. */
function lifeOfBlock(page, piece, step) {
  const life = lifeOfPage(page);
  const isSame = ({ content }) => {
    const other = pieceAt(content, piece.offset);
    return other !== null && other.offset === piece.offset && other.units === piece.units
      && other.tag === piece.tag && other.state === piece.state;
  };
  let at = life.findLastIndex((change) => change.step <= step);
  while (at > 0 && isSame(life[at - 1])) at--;
  const from = life[at].step;
  while (at < life.length && isSame(life[at])) at++;
  return { from, to: at < life.length ? life[at].step : null };
}

/** The piece of a content at an offset in units, or null. */
function pieceAt(content, offset) {
  for (const piece of piecesOf(content)) {
    if (offset < piece.offset + piece.units) return piece;
  }
  return null;
}
