// Everything beside the pictures: sentences, lists, listings.

function fill(parent, children) { parent.replaceChildren(...children); }

function made(name, text, attributes = {}) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "click") node.addEventListener("click", value);
    else node.setAttribute(key, value);
  }
  return node;
}

/** What the pages in use come to. */
function totals(contents) {
  const sum = { pages: 0, small: 0, pinned: 0, free: 0, hole: 0, parked: 0, blocks: 0, live: 0 };
  for (const content of contents) {
    if (!content.length) continue;
    const found = statisticsOf(content);
    sum.free += found.free;
    sum.hole = Math.max(sum.hole, found.hole);
    sum.parked += found.parked;
    sum.blocks += found.blocks;
    sum.live += found.live;
    if (found.kind !== "small") continue;
    sum.small++;
    if (found.live * 10 < unitsPerPage) sum.pinned++;
  }
  return sum;
}

function showSummary(view, contents) {
  const sum = totals(contents);
  const pages = held[view.step] / pageBytes;
  const ratio = live[view.step] ? held[view.step] / live[view.step] : 0;
  const parts = [`${plural(pages, "page")} `, pages === 1 ? "is" : "are", " held for ",
    bytesText(live[view.step]), " in use"];
  const headline = element("headline");
  fill(headline, [made("b", parts.join("")), document.createTextNode(
    (ratio ? `: ${ratioText(ratio)} times as much. ` : ". ")
    + (sum.pinned ? `${ofSample ? `Of 1 page in ${history_.pagesPerKept}: ` : ""}${grouped(sum.pinned)} of ${plural(sum.small, "page")} of small blocks `
      + `${sum.pinned === 1 ? "has" : "have"} less than a tenth in use. ` : "")
    + (sum.free ? `No hole takes a block of more than 0x${(sum.hole * unitBytes).toString(16)} `
      + "bytes." : ""))]);
  const tiles = [["pages held", grouped(pages)], ["in use", bytesText(live[view.step])],
    ["held / in use", ratio ? ratioText(ratio) : "–"],
    ["free in pages" + ofSample, bytesText(sum.free * unitBytes)],
    ["parked for reuse" + ofSample, bytesText(sum.parked * unitBytes)],
    ["nearly empty pages" + ofSample, grouped(sum.pinned)]];
  if (bound && bound[view.step]) {
    tiles.push(["of the proved worst", percentText(held[view.step] / bound[view.step])]);
  }
  fill(element("tiles"), tiles.map(([name, value]) => {
    const tile = made("div");
    tile.append(made("dt", name), made("dd", value));
    return tile;
  }));
}

const operationText = (step) => (step === 0 ? "the machine as it starts" : lines[step]);

function showOperations(view, go) {
  const from = Math.max(0, Math.min(view.step - 3, lastStep - 6));
  const items = [];
  for (let step = from; step <= Math.min(from + 6, lastStep); step++) {
    const item = made("li");
    const button = made("button", `${grouped(operationOf(step))}  ${operationText(step)}`,
      { click: () => go(step), title: operationText(step) });
    if (step === view.step) item.setAttribute("aria-current", "step");
    item.append(button);
    items.push(item);
  }
  fill(element("operations"), items);
}

/** The pieces that a step took away and brought, as lines. */
function showChanges(view) {
  const target = element("changes");
  if (view.step === 0) {
    fill(target, [made("div", "Nothing has happened yet.")]);
    return;
  }
  const before = contentsAfter(view.step - 1).slice();
  const after = contentsAfter(view.step);
  const rows = [];
  const pages = [...new Set(steps[view.step].map((splice) => splice.page))];
  for (const page of pages.slice(0, 6)) {
    const key = (piece) => `${piece.offset} ${piece.units} ${piece.tag} ${piece.state}`;
    const old = new Set([...piecesOf(before[page])].map(key));
    const now = new Set([...piecesOf(after[page])].map(key));
    if (!before[page].length) rows.push(made("div", `page ${pageAddress(page)} is taken`));
    if (!after[page].length) rows.push(made("div", `page ${pageAddress(page)} is given back`));
    for (const piece of piecesOf(before[page])) {
      if (!now.has(key(piece))) {
        rows.push(made("div", "−" + poolLine(page, piece), { class: "gone" }));
      }
    }
    for (const piece of piecesOf(after[page])) {
      if (!old.has(key(piece))) {
        rows.push(made("div", "+" + poolLine(page, piece), { class: "come" }));
      }
    }
  }
  if (pages.length > 6) rows.push(made("div", `and ${plural(pages.length - 6, "more page")}`));
  if (!rows.length) rows.push(made("div", "No block and no page changed."));
  fill(target, rows.slice(0, 40));
}

/** Who allocated the block at an address, as far as the lines of the trace tell. */
function ownerOf(page, piece, step) {
  if (piece.state !== State.allocated) return "";
  const address = "-> " + addressOf(page, piece.offset + history_.headerBytes / unitBytes);
  for (let at = step; at > 0; at--) {
    if (!lines[at].endsWith(address)) continue;
    const words = lines[at].split(" ");
    return `  ${words[1]} @${operationOf(at)}`;
  }
  return "";
}

/** How the chosen block came to be and ended, with ways there. */
function showLife(view, content) {
  const target = element("life");
  const piece = view.offset === null ? null : pieceAt(content, view.offset);
  if (!piece) {
    fill(target, []);
    return;
  }
  const { from, to } = lifeOfBlock(view.page, piece, view.step);
  const kind = piece.state === State.allocated || piece.state === State.large
    ? `Tag ${tagTexts[piece.tag].trim()}, ${grouped(piece.units * unitBytes)} bytes`
    : `${grouped(piece.units * unitBytes)} bytes, ${stateNames[piece.state]}`;
  const there = (step) => made("button", `operation ${grouped(operationOf(step))}`,
    { click: () => go(step), title: operationText(step) });
  const nodes = [`${kind}: so since `, there(from)];
  if (to === null) nodes.push(", and to the end.");
  else nodes.push(" until ", there(to), `, ${plural(operationOf(to) - operationOf(from),
    "operation")} long.`);
  if (history_.stride > 1) nodes.push(` One operation in ${history_.stride} was recorded.`);
  fill(target, nodes);
}

function showPage(view, contents) {
  const title = element("page-title"), listing = element("listing");
  const content = view.page === null ? emptyContent : contents[view.page];
  title.textContent = view.page === null ? "Page" : `Page ${pageAddress(view.page)}`;
  const { context, width, height } = prepared(element("strip"));
  if (!content.length) {
    context.fillStyle = colours.absent;
    context.fillRect(0, 0, width, height);
    fill(element("life"), []);
    fill(listing, [view.page === null ? "Click a page of the map." : "Not in use."]);
    return;
  }
  drawPieces(context, content, 0, 0, width, height, view);
  showLife(view, content);
  const rows = [];
  for (const piece of piecesOf(content)) {
    const isChosen = view.offset !== null && view.offset >= piece.offset
      && view.offset < piece.offset + piece.units;
    rows.push(made("div", poolLine(view.page, piece, isChosen)
      + ownerOf(view.page, piece, view.step), isChosen ? { class: "chosen" } : {}));
  }
  fill(listing, rows);
}

function showTags(contents) {
  const sums = new Map();
  const sum = (tag) => {
    const text = tagTexts[tag];
    if (!sums.has(text)) sums.set(text, { tag, blocks: 0, units: 0, pages: 0, alone: 0 });
    return sums.get(text);
  };
  for (const content of contents) {
    const seen = new Set();
    for (const piece of piecesOf(content)) {
      if (piece.state !== State.allocated && piece.state !== State.large) continue;
      const entry = sum(piece.tag);
      entry.blocks++;
      entry.units += piece.units;
      if (piece.state === State.large) entry.pages += Math.ceil(piece.units / unitsPerPage);
      else seen.add(tagTexts[piece.tag]);
    }
    for (const text of seen) {
      sums.get(text).pages++;
      if (seen.size === 1) sums.get(text).alone++;
    }
  }
  const rows = [...sums].sort((a, b) => b[1].alone - a[1].alone || b[1].units - a[1].units)
    .slice(0, 10).map(([text, entry]) => {
      const row = made("tr"), name = made("td");
      const swatch = made("span", undefined, { class: "swatch" });
      swatch.style.background = tagColour(entry.tag);
      name.append(swatch, made("button", text, { click: () => findTag(text.trim()),
        title: "show this tag alone" }));
      row.append(name, made("td", grouped(entry.blocks)),
        made("td", grouped(entry.units * unitBytes)), made("td", grouped(entry.pages)),
        made("td", grouped(entry.alone)));
      return row;
    });
  fill(element("tags").tBodies[0], rows);
}

function showWorst(contents, choose) {
  const rows = pinReport(contents).sort((a, b) => a.units - b.units || a.page - b.page)
    .slice(0, 10).map(({ page, units }) => {
      const found = statisticsOf(contents[page]);
      const row = made("tr"), name = made("td");
      name.append(made("button", pageAddress(page), { click: () => choose(page) }));
      const tags = [...new Set(found.tags.map((tag) => tagTexts[tag].trim()))];
      row.append(name, made("td", percentText(units / unitsPerPage)),
        made("td", grouped(found.blocks + found.parkedBlocks)),
        made("td", "0x" + (found.hole * unitBytes).toString(16)),
        made("td", tags.length ? tags.slice(0, 3).join(", ") + (tags.length > 3 ? ", …" : "")
          : "parked blocks"));
      return row;
    });
  fill(element("worst").tBodies[0], rows);
}

function legendItem(colour, text) {
  const item = made("li");
  item.style.setProperty("--swatch", colour);
  item.append(made("code", text));
  return item;
}

function showLegends(view) {
  const present = new Set();
  const tags = new Set();
  for (const splices of steps) {
    for (const { inserted } of splices) {
      for (let index = 1; index < inserted.length; index += 2) {
        const state = inserted[index] & 15;
        present.add(state);
        if (state === State.allocated || state === State.large) {
          tags.add(tagTexts[inserted[index] >>> 4]);
        }
      }
    }
  }
  const names = { free: "free", lookaside: "on a lookaside list", deferred: "deferred free",
    orphan: "too small for a list", fragment: "Frag", table: "kernel's table",
    kept: "kept for reuse", unknown: "chain broken" };
  const items = view.byTag
    ? [...colourOfTag].map(([text, index]) => legendItem(colours.tags[index], text))
    : [legendItem(colours.allocated, "allocated"), ...(present.has(State.large)
      ? [legendItem(colours.large, "large allocation")] : [])];
  if (view.byTag && [...tags].some((text) => !colourOfTag.has(text))) {
    items.push(legendItem(colours.other, "other tags"));
  }
  for (const [name, text] of Object.entries(names)) {
    if (present.has(State[name])) items.push(legendItem(colours[name], text));
  }
  if (present.has(State.lookaside) || present.has(State.deferred)) {
    items.push(legendItem(colours.idle, "none in use"));
  }
  fill(element("map-legend"), items);
  if (!isLeader) return;
  const curve = pair ? [legendItem(colours.held, `${pair.names[0]}: held`),
    legendItem(colours.live, `${pair.names[1]}: held`)]
    : [legendItem(colours.held, "held"), legendItem(colours.live, "in use")];
  if (bound && view.log) curve.push(legendItem(colours.bound, "most that any trace can hold"));
  fill(element("curve-legend"), curve);
}

/** The table of the whole trace's metrics, which no step changes. */
function showMetrics() {
  fill(element("metrics").tBodies[0], history_.metrics.map(([name, value]) => {
    const row = made("tr");
    row.append(made("td", name), made("td", value),
      made("td", meaningOf(name), { class: "meaning" }));
    return row;
  }));
  element("bound-text").textContent = history_.boundNote;
}
