// The reader's position and choices, the keys, the address bar.

const view = { step: lastStep, page: null, offset: null, order: "address", byTag: true,
  log: false };
let playing = null;

/** Reads the position from the address: #op=12&page=fa808000&at=a20&order=hole&colour=state&log=1 */
function readAddress() {
  const words = new URLSearchParams(window.location.hash.slice(1));
  const operation = Number.parseInt(words.get("op") ?? "", 10);
  if (Number.isFinite(operation)) view.step = stepOf(operation);
  const page = words.has("page") ? history_.pages.indexOf(words.get("page").toLowerCase()) : -1;
  view.page = page < 0 ? null : page;
  const offset = Number.parseInt(words.get("at") ?? "", 16);
  view.offset = page >= 0 && Number.isFinite(offset) ? Math.floor(offset / unitBytes) : null;
  if (["address", "hole", "use"].includes(words.get("order"))) view.order = words.get("order");
  if (["tag", "state"].includes(words.get("colour"))) view.byTag = words.get("colour") === "tag";
  view.log = words.get("log") === "1" && bound !== null;
}

/** The step that shows an operation: of a sampled trace the first that has it behind it. */
function stepOf(operation) {
  if (operation >= history_.operations) return lastStep;
  return Math.min(Math.max(Math.ceil(operation / history_.stride), 0), lastStep);
}

function writeAddress() {
  const words = [`op=${operationOf(view.step)}`];
  if (view.page !== null) words.push(`page=${pageAddress(view.page)}`);
  if (view.offset !== null) words.push(`at=${(view.offset * unitBytes).toString(16)}`);
  if (view.order !== "address") words.push(`order=${view.order}`);
  if (!view.byTag) words.push("colour=state");
  if (view.log) words.push("log=1");
  // Not an entry in the list of visited pages for each step.
  try { window.history.replaceState(null, "", "#" + words.join("&")); } catch { /* a sandbox */ }
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
  drawCurve(view);
  showSummary(view, contents);
  showOperations(view, go);
  showPage(shown, contents);
  element("scrubber").value = view.step;
  const text = `operation ${grouped(operationOf(view.step))} of ${grouped(history_.operations)}`;
  element("position").textContent = text;
  element("scrubber").setAttribute("aria-valuetext", `${text}: ${operationText(view.step)}`);
  if (playing) return;
  // What only a standing picture needs is left out while it moves.
  showChanges(view);
  contentsAfter(view.step);
  drawPins(contents);
  drawHoles(contents);
  showTags(contents);
  showWorst(contents, choose);
  publishLayout();
  writeAddress();
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
  view.step = Math.min(Math.max(step, 0), lastStep);
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
    case " ": return () => play(!playing);
    case "Escape": return () => choose(null);
    default: return null;
  }
}

function onKey(event) {
  const target = event.target;
  // Lists, check boxes and buttons keep the keys that they have always had.
  if (target instanceof HTMLSelectElement) return;
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

function listen() {
  document.addEventListener("keydown", onKey);
  element("scrubber").addEventListener("input", (event) => {
    if (playing) play(false);
    go(Number(event.target.value));
  });
  element("first").addEventListener("click", () => go(0));
  element("back").addEventListener("click", () => go(view.step - 1));
  element("forward").addEventListener("click", () => go(view.step + 1));
  element("last").addEventListener("click", () => go(lastStep));
  element("play").addEventListener("click", () => play(!playing));
  element("speed").addEventListener("change", () => { if (playing) play(true); });
  element("skip").addEventListener("click", (event) => {
    event.preventDefault();
    element("scrubber").focus();
  });
  const curve = element("curve");
  curve.addEventListener("pointerdown", (event) => {
    curve.setPointerCapture(event.pointerId);
    go(hitCurve(event));
  });
  curve.addEventListener("pointermove", (event) => {
    if (event.buttons) go(hitCurve(event));
  });
  element("map").addEventListener("pointermove", hover);
  element("map").addEventListener("click", click);
  element("colour").addEventListener("change", (event) => {
    view.byTag = event.target.value === "tag";
    refresh();
  });
  element("order").addEventListener("change", (event) => {
    view.order = event.target.value;
    refresh();
  });
  element("log").addEventListener("change", (event) => {
    view.log = event.target.checked;
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
  element("log").checked = view.log;
  showLegends(view);
  draw();
}

element("scrubber").max = lastStep;
element("log-option").hidden = bound === null;
element("hover").textContent = "One row is one page, to scale. Point at a block for its line; "
  + "click a page to keep it.";
element("about").textContent = history_.about;
showMetrics();
element("warning").hidden = !history_.warning;
element("warning").textContent = history_.warning;
readAddress();
listen();
refresh();
document.documentElement.dataset.ready = "1";
