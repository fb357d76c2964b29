// The reader's position and choices, the keys, the address bar.

const view = { step: lastStep, page: null, offset: null, order: pair ? "hole" : "address",
  byTag: true, log: false, tag: "", from: 0, to: history_.operations, selected: null };
// Of two pools the first has the time line, and the second follows.
const isLeader = !pair || pair.index === 0;
let playing = null;

/** Reads the position from the address:
 * #op=12&page=fa808000&at=a20&order=hole&colour=state&log=1&tag=Irp&from=10&to=90 */
function readAddress() {
  const words = new URLSearchParams(window.location.hash.slice(1));
  const number = (name) => Number.parseInt(words.get(name) ?? "", 10);
  if (Number.isFinite(number("op"))) view.step = stepOf(number("op"));
  const page = words.has("page") ? history_.pages.indexOf(words.get("page").toLowerCase()) : -1;
  view.page = page < 0 ? null : page;
  const offset = Number.parseInt(words.get("at") ?? "", 16);
  view.offset = page >= 0 && Number.isFinite(offset) ? Math.floor(offset / unitBytes) : null;
  if (["address", "hole", "use"].includes(words.get("order"))) view.order = words.get("order");
  if (["tag", "state"].includes(words.get("colour"))) view.byTag = words.get("colour") === "tag";
  view.log = words.get("log") === "1" && bound !== null && !pair;
  view.tag = isTag(words.get("tag") ?? "") ? words.get("tag") : "";
  setRange(number("from"), number("to"));
}

const isTag = (text) => tagTexts.some((tag) => tag.trim() === text && text);

function writeAddress() {
  const words = [`op=${operationOf(view.step)}`];
  if (view.page !== null) words.push(`page=${pageAddress(view.page)}`);
  if (view.offset !== null) words.push(`at=${(view.offset * unitBytes).toString(16)}`);
  if (view.order !== (pair ? "hole" : "address")) words.push(`order=${view.order}`);
  if (!view.byTag) words.push("colour=state");
  if (view.log) words.push("log=1");
  if (view.tag) words.push(`tag=${encodeURIComponent(view.tag)}`);
  if (isZoomed()) words.push(`from=${view.from}`, `to=${view.to}`);
  // Not an entry in the list of visited pages for each step.
  try { window.history.replaceState(null, "", "#" + words.join("&")); } catch { /* a sandbox */ }
}

const isZoomed = () => view.from > 0 || view.to < history_.operations;

/** Shows the operations from one to another; what is no range is the whole trace. */
function setRange(from, to) {
  const least = Math.min(8 * history_.stride, history_.operations);
  const isRange = Number.isFinite(from) && Number.isFinite(to) && from >= 0 && to > from;
  const wide = isRange ? Math.max(Math.round(to - from), least) : history_.operations;
  view.from = isRange ? Math.min(Math.round(from), Math.max(history_.operations - wide, 0)) : 0;
  view.to = Math.min(view.from + wide, history_.operations);
}

/** Shows a range that is so many times as wide, an operation where it was. */
function zoom(factor, centre = operationOf(view.step)) {
  const share = Math.min(Math.max(shareOf(view, centre), 0), 1);
  const wide = (view.to - view.from) * factor;
  if (wide >= history_.operations) setRange(); else setRange(
    Math.max(centre - share * wide, 0), Math.max(centre - share * wide, 0) + wide);
  draw();
}

/** Keeps a step in the range shown. */
function follow() {
  const at = operationOf(view.step), wide = view.to - view.from;
  if (at < view.from) setRange(at, at + wide);
  if (at > view.to) setRange(at - wide, at);
}

/** Shows one tag alone; none, or the same again, shows all. */
function findTag(text) {
  view.tag = view.tag === text ? "" : text;
  refresh();
}

/** Finds a tag, or the page and block at an address. */
function find(text) {
  if (!text || isTag(text)) {
    view.tag = "";
    findTag(text);
    return;
  }
  const digits = text.toLowerCase().replace(/^0x|`/g, "");
  const page = /^[0-9a-f]{1,16}$/.test(digits) ? pageHolding(BigInt("0x" + digits)) : null;
  if (page) {
    choose(page.page, page.offset);
    element("map").focus();
  } else {
    element("hover").textContent = `No tag and no page in use is called ${text}.`;
  }
}

function pageHolding(address) {
  const contents = contentsAfter(view.step);
  for (let page = 0; page < pageCount; page++) {
    const offset = address - BigInt("0x" + history_.pages[page]);
    const units = contents[page].length ? statisticsOf(contents[page]).units : 0;
    if (offset >= 0n && offset < BigInt(units * unitBytes)) {
      return { page, offset: Math.floor(Number(offset) / unitBytes) };
    }
  }
  return null;
}

/** Where nothing is chosen, the page that the operation changed is shown, or the emptiest. */
function shownPage(contents) {
  if (view.page !== null) return view.page;
  const changed = steps[view.step].find((splice) => contents[splice.page].length);
  if (changed && view.step > 0) return changed.page;
  const report = pinReport(contents);
  return report.length ? report[0].page : null;
}

function draw() {
  const contents = contentsAfter(view.step);
  const shown = { ...view, page: shownPage(contents) };
  drawMap(shown);
  showSummary(view, contents);
  showOperations(view, go);
  showPage(shown, contents);
  if (isLeader) showTime();
  if (playing || pair?.leader.isPlaying()) return;
  // What only a standing picture needs is left out while it moves.
  showChanges(view);
  contentsAfter(view.step);
  drawPins(contents);
  drawHoles(contents);
  showTags(contents);
  showWorst(contents, choose);
  publishLayout();
  if (isLeader) writeAddress();
}

/** The time line, and the other pool at the same time. */
function showTime() {
  drawCurve(view);
  const scrubber = element("scrubber");
  scrubber.min = stepOf(view.from);
  scrubber.max = stepOf(view.to);
  scrubber.value = view.step;
  const text = `operation ${grouped(operationOf(view.step))} of ${grouped(history_.operations)}`;
  element("position").textContent = text;
  scrubber.setAttribute("aria-valuetext", `${text}: ${operationText(view.step)}`);
  element("zoom-out").disabled = element("zoom-all").disabled = !isZoomed();
  pair?.moved(operationOf(view.step));
}

let isDrawingDue = false;
function drawSoon() {
  if (isDrawingDue) return;
  isDrawingDue = true;
  requestAnimationFrame(() => {
    isDrawingDue = false;
    draw();
  });
}

function go(step) {
  if (!isLeader) {
    pair.leader.show(operationOf(step));
    return;
  }
  view.step = Math.min(Math.max(step, 0), lastStep);
  follow();
  draw();
}

function choose(page, offset = null) {
  view.page = page;
  view.offset = offset;
  draw();
}

function play(isOn) {
  if (playing) cancelAnimationFrame(playing);
  playing = null;
  const button = element("play");
  button.textContent = isOn ? "Pause" : "Play";
  button.setAttribute("aria-pressed", String(isOn));
  if (!isOn) {
    draw();
    return;
  }
  if (view.step === lastStep) view.step = 0;
  const seconds = Number(element("speed").value);
  const stepsPerSecond = seconds ? Math.max(lastStep / seconds, 2) : 2;
  const start = { time: performance.now(), step: view.step };
  const frame = (now) => {
    // A frame's time is when it was due, which may be before the button was pressed.
    const elapsed = Math.max(0, now - start.time);
    const step = start.step + Math.floor((elapsed / 1000) * stepsPerSecond);
    if (step >= lastStep) {
      view.step = lastStep;
      play(false);
      return;
    }
    playing = requestAnimationFrame(frame);
    if (step !== view.step) {
      view.step = step;
      draw();
    }
  };
  playing = requestAnimationFrame(frame);
}

/** Goes to the nearest problem behind the step that is shown, or before it, and round the ends. */
function goToProblem(direction) {
  if (!problems.length) return;
  const later = problems.filter((step) => step > view.step);
  const earlier = problems.filter((step) => step < view.step);
  go(direction > 0 ? later[0] ?? problems[0]
    : earlier[earlier.length - 1] ?? problems[problems.length - 1]);
}

function nextPage(direction) {
  const contents = contentsAfter(view.step);
  const pages = map.pages.filter((page) => contents[page].length);
  if (!pages.length) return;
  const at = pages.indexOf(shownPage(contents));
  choose(pages[(at + direction + pages.length) % pages.length]);
}

/** What a key does; null where it is not ours. */
function keyAction(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return null;
  const far = Math.max(Math.round(lastStep / 100), 1);
  const many = event.shiftKey ? 10 : 1;
  switch (event.key) {
    case "ArrowRight": return () => go(view.step + many);
    case "ArrowLeft": return () => go(view.step - many);
    case "PageDown": return () => go(view.step + far);
    case "PageUp": return () => go(view.step - far);
    case "Home": return () => go(0);
    case "End": return () => go(lastStep);
    case "ArrowDown": return () => nextPage(1);
    case "ArrowUp": return () => nextPage(-1);
    case "n": return () => goToProblem(1);
    case "N": return () => goToProblem(-1);
    case " ": return () => play(!playing);
    case "+": return () => zoom(0.5);
    case "-": return () => zoom(2);
    case "0": return () => { setRange(); draw(); };
    case "Escape": return () => { view.tag = ""; view.page = view.offset = null; refresh(); };
    default: return null;
  }
}

function onKey(event) {
  const target = event.target;
  // Lists, check boxes and buttons keep the keys that they have always had.
  if (target instanceof HTMLSelectElement || target.type === "text") return;
  const isPressable = target instanceof HTMLButtonElement || target.type === "checkbox";
  if (isPressable && event.key === " ") return;
  if (target.id === "listing" && event.key.startsWith("Arrow")) return;
  const action = keyAction(event);
  if (!action) return;
  event.preventDefault();
  if (playing && event.key !== " ") play(false);
  action();
}

function hover(event) {
  const hit = hitMap(event);
  const contents = contentsAfter(view.step);
  if (!hit || !contents[hit.page].length) return;
  const content = contents[hit.page];
  const piece = pieceAt(content, Math.floor(hit.share * statisticsOf(content).units));
  if (piece) {
    element("hover").textContent = poolLine(hit.page, piece).trim()
      + ownerOf(hit.page, piece, view.step);
  }
}

function click(event) {
  const hit = hitMap(event);
  if (!hit) return;
  const units = statisticsOf(contentsAfter(view.step)[hit.page]).units;
  choose(hit.page, units ? Math.floor(hit.share * units) : null);
}

function listenToTime() {
  document.addEventListener("keydown", onKey);
  element("scrubber").addEventListener("input", (event) => {
    if (playing) play(false);
    go(Number(event.target.value));
  });
  const actions = { first: () => go(0), back: () => go(view.step - 1),
    forward: () => go(view.step + 1), last: () => go(lastStep), play: () => play(!playing),
    problem: () => goToProblem(1),
    "zoom-in": () => zoom(0.5), "zoom-out": () => zoom(2), "zoom-all": () => { setRange(); draw(); } };
  for (const [id, action] of Object.entries(actions)) {
    element(id).addEventListener("click", action);
  }
  element("speed").addEventListener("change", () => { if (playing) play(true); });
  element("skip").addEventListener("click", (event) => {
    event.preventDefault();
    element("scrubber").focus();
  });
  listenToCurve(element("curve"));
  element("log").addEventListener("change", (event) => {
    view.log = event.target.checked;
    refresh();
  });
}

/** A drag moves through the trace, with Shift it chooses a range; the wheel with Ctrl zooms. */
function listenToCurve(curve) {
  curve.addEventListener("pointerdown", (event) => {
    curve.setPointerCapture(event.pointerId);
    const at = hitCurve(event);
    if (!event.shiftKey) { go(stepOf(at)); return; }
    view.selected = [at, at];
    draw();
  });
  curve.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    if (!view.selected) { go(stepOf(hitCurve(event))); return; }
    view.selected[1] = hitCurve(event);
    drawSoon();
  });
  curve.addEventListener("pointerup", () => {
    if (!view.selected) return;
    const [from, to] = view.selected.sort((a, b) => a - b);
    view.selected = null;
    if (to > from) setRange(from, to);
    draw();
  });
  curve.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 0.8 : 1.25, hitCurve(event));
  }, { passive: false });
}

function listen() {
  if (isLeader) listenToTime();
  element("map").addEventListener("pointermove", hover);
  element("map").addEventListener("click", click);
  element("find").addEventListener("change", (event) => find(event.target.value.trim()));
  element("colour").addEventListener("change", (event) => {
    view.byTag = event.target.value === "tag";
    refresh();
  });
  element("order").addEventListener("change", (event) => {
    view.order = event.target.value;
    refresh();
  });
  window.addEventListener("resize", drawSoon);
  window.addEventListener("beforeprint", refresh);
  window.addEventListener("hashchange", () => {
    readAddress();
    refresh();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
}

/** Draws with the colours and choices as they are now. */
function refresh() {
  readColours();
  element("colour").value = view.byTag ? "tag" : "state";
  element("order").value = view.order;
  element("find").value = view.tag;
  if (isLeader) element("log").checked = view.log;
  showLegends(view);
  draw();
}

function start() {
  if (isLeader) {
    element("log-option").hidden = bound === null || pair !== null;
    element("problem").hidden = !problems.length;
    element("problem").textContent = `Next of ${plural(problems.length, "problem")}`;
  }
  element("hover").textContent = "One row is one page, to scale. Point at a block for its line; "
    + "click it for its life.";
  element("about").textContent = history_.about;
  fill(element("tag-names"), [...new Set(tagTexts.map((tag) => tag.trim()))].sort()
    .map((tag) => made("option", undefined, { value: tag })));
  for (const heading of root.querySelectorAll("[data-sample]")) heading.append(ofSample);
  showMetrics();
  element("warning").hidden = !history_.warning;
  element("warning").textContent = history_.warning;
  readAddress();
  listen();
  refresh();
  document.documentElement.dataset.ready = "1";
}

/** What the other pool and the page of both need of this one. */
const shownPool = {
  held, stepOf, start, operations: history_.operations, metrics: history_.metrics,
  pages: (operation) => held[stepOf(operation)] / pageBytes,
  rowCount: (operation) => mapOrder(contentsAfter(stepOf(operation)), view.order).length,
  isPlaying: () => playing !== null,
  show: (operation) => {
    view.step = stepOf(operation);
    if (isLeader) follow();
    draw();
  },
};
if (!pair) start();
return shownPool;
