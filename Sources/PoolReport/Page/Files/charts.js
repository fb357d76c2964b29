// Curves: memory over time, pages given back by blocks freed, free space out of reach.

const chartMargin = { left: 58, right: 10, top: 8, bottom: 18 };

function chartFrame(canvas) {
  const { context, width, height } = prepared(canvas);
  const area = { x: chartMargin.left, y: chartMargin.top,
    width: width - chartMargin.left - chartMargin.right,
    height: height - chartMargin.top - chartMargin.bottom };
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  return { context, area };
}

/** A round number of at least `value`, and its third or quarter for the lines between. */
function roundScale(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  for (const [factor, parts] of [[1, 2], [2, 2], [4, 2], [5, 5], [6, 3], [8, 2], [10, 2]]) {
    if (factor * power >= value) return { top: factor * power, parts };
  }
  return { top: 10 * power, parts: 2 };
}

function horizontal(context, area, y, text) {
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(area.x, Math.round(y) + 0.5);
  context.lineTo(area.x + area.width, Math.round(y) + 0.5);
  context.stroke();
  context.fillStyle = colours.soft;
  context.textAlign = "right";
  context.fillText(text, area.x - 6, y);
}

function below(context, area, share, text) {
  context.fillStyle = colours.soft;
  context.textAlign = share < 0.1 ? "left" : share > 0.9 ? "right" : "center";
  context.fillText(text, area.x + share * area.width, area.y + area.height + 11);
}

/** Round numbers within a range, about five of them. */
function roundTicks(first, last) {
  const rough = Math.max((last - first) / 5, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const ticks = [];
  for (let tick = Math.ceil(first / step) * step; tick <= last; tick += step) ticks.push(tick);
  return ticks;
}

/** Draws a curve with steps; where several values share a pixel, the highest is drawn. */
function stepCurve(context, area, { values, stepOf }, [first, last], height, colour, fill) {
  const path = new Path2D();
  const columns = Math.max(2, Math.min(last - first + 1, Math.ceil(area.width)));
  for (let column = 0; column < columns; column++) {
    const at = (share) => stepOf(first + (last - first) * Math.min(share, 1));
    const from = at(column / (columns - 1));
    const to = Math.max(from + 1, at((column + 1) / (columns - 1)));
    let top = 0;
    for (let index = from; index < to; index++) top = Math.max(top, values[index]);
    const x = area.x + (column / (columns - 1)) * area.width;
    const y = height(top);
    if (column === 0) path.moveTo(x, y); else path.lineTo(x, y);
  }
  context.save();
  context.beginPath();
  context.rect(area.x, area.y - 2, area.width, area.height + 4);
  context.clip();
  if (fill) {
    const closed = new Path2D(path);
    closed.lineTo(area.x + area.width, area.y + area.height);
    closed.lineTo(area.x, area.y + area.height);
    context.fillStyle = fill;
    context.globalAlpha = 0.22;
    context.fill(closed);
    context.globalAlpha = 1;
  }
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.stroke(path);
  context.restore();
}

const highest = (values) => values.reduce((a, b) => Math.max(a, b), 0);

/** Where an operation lies on the curve's axis, as a share of its width. */
const shareOf = (view, operation) => (view.to > view.from
  ? (operation - view.from) / (view.to - view.from) : 1);

function drawCurve(view) {
  const { context, area } = chartFrame(element("curve"));
  const other = pair?.other;
  const most = Math.max(highest(held), other ? highest(other.held) : 0, 1);
  let height;
  if (view.log) {
    const top = Math.log2(Math.max(most, bound ? highest(bound) : 0)) + 0.3;
    const bottom = Math.min(Math.log2(pageBytes) - 4, top - 4);
    height = (value) => area.y + area.height
      * (1 - Math.max(0, Math.log2(Math.max(value, 1)) - bottom) / (top - bottom));
    for (let power = Math.ceil(bottom); power <= top; power += Math.ceil((top - bottom) / 5)) {
      horizontal(context, area, height(2 ** power), bytesText(2 ** power));
    }
  } else {
    const { top, parts } = roundScale((most * 1.02) / 1024);
    height = (value) => area.y + area.height * (1 - value / 1024 / top);
    for (let part = 0; part <= parts; part++) {
      const value = (top * 1024 * part) / parts;
      horizontal(context, area, height(value), part ? bytesText(value) : "0");
    }
  }
  const range = [view.from, view.to];
  const curve = (values, colour, fill) => stepCurve(
    context, area, { values, stepOf }, range, height, colour, fill);
  curve(held, colours.held, colours.held);
  if (other) stepCurve(context, area, { values: other.held, stepOf: other.stepOf }, range, height,
    colours.live, colours.live);
  else curve(live, colours.live, colours.live);
  if (view.log && bound && !other) {
    context.setLineDash([4, 3]);
    curve(bound, colours.bound, null);
    context.setLineDash([]);
  }
  for (const tick of roundTicks(view.from, view.to)) {
    below(context, area, shareOf(view, tick), grouped(tick));
  }
  context.fillStyle = colours.bound;
  for (const step of problems) {
    const share = shareOf(view, operationOf(step));
    if (share >= 0 && share <= 1) context.fillRect(area.x + share * area.width - 1, area.y - 4, 2, 4);
  }
  if (view.selected) {
    const [left, right] = view.selected.map((at) => shareOf(view, at)).sort((a, b) => a - b);
    context.fillStyle = colours.accent;
    context.globalAlpha = 0.2;
    context.fillRect(area.x + left * area.width, area.y, (right - left) * area.width, area.height);
    context.globalAlpha = 1;
  }
  const share = shareOf(view, operationOf(view.step));
  if (share < 0 || share > 1) return;
  const x = area.x + share * area.width;
  context.fillStyle = colours.mark;
  context.fillRect(x - 0.75, area.y - 4, 1.5, area.height + 8);
  context.beginPath();
  context.arc(x, height(held[view.step]), 3.2, 0, 7);
  context.fill();
}

/** The operation under a point of the curve. */
function hitCurve(event) {
  const box = element("curve").getBoundingClientRect();
  const width = box.width - chartMargin.left - chartMargin.right;
  const share = (event.clientX - box.left - chartMargin.left) / width;
  return Math.round(view.from + Math.min(Math.max(share, 0), 1) * (view.to - view.from));
}

/** The pin report: pages in the order of what keeps them; needs of blocks sum up. */
function pinReport(contents) {
  const pages = [];
  for (let page = 0; page < pageCount; page++) {
    const content = contents[page];
    if (!content.length) continue;
    const found = statisticsOf(content);
    if (found.kind !== "small" || found.units !== unitsPerPage) continue;
    const blocks = found.blocks + found.parkedBlocks;
    if (blocks) pages.push({ page, blocks, units: found.live + found.parked });
  }
  pages.sort((a, b) => a.blocks - b.blocks || a.units - b.units || a.page - b.page);
  let blocks = 0;
  return pages.map((entry, index) => ({ ...entry, sum: (blocks += entry.blocks),
    count: index + 1 }));
}

function drawPins(contents) {
  const { context, area } = chartFrame(element("pins"));
  const report = pinReport(contents);
  const text = element("pin-text");
  if (!report.length) {
    text.textContent = "No page of small blocks is in use.";
    return;
  }
  const all = report[report.length - 1];
  const scale = roundScale(all.count);
  const y = (count) => area.y + area.height * (1 - count / scale.top);
  for (let part = 0; part <= scale.parts; part++) {
    const count = (scale.top * part) / scale.parts;
    horizontal(context, area, y(count), Number.isInteger(count) ? grouped(count) : "");
  }
  const path = new Path2D();
  path.moveTo(area.x, y(0));
  for (const { sum, count } of report) path.lineTo(area.x + (sum / all.sum) * area.width, y(count));
  context.strokeStyle = colours.live;
  context.lineWidth = 2;
  context.stroke(path);
  below(context, area, 0, "0 blocks freed");
  below(context, area, 1, plural(all.sum, "block") + " freed");
  const rows = [];
  for (let goal = 1; rows.length < 4; goal *= 10) {
    const fit = report.filter((entry) => entry.sum <= goal).length;
    if (fit && fit !== rows[rows.length - 1]?.fit) rows.push({ goal, fit });
    if (goal >= all.sum) break;
  }
  text.textContent = rows.map(({ goal, fit }) => `Freeing ${plural(report[fit - 1].sum, "block")}`
    + ` gives back ${plural(fit, "page")}.`).join(" ");
}

/** Shares of the free bytes that lie in holes too small for a request of so many units. */
function unusableShares(contents) {
  const sizes = new Float64Array(unitsPerPage + 1);
  let free = 0;
  for (const content of contents) {
    if (!content.length) continue;
    for (const units of statisticsOf(content).holes) {
      sizes[Math.min(units, unitsPerPage)] += units;
      free += units;
    }
  }
  const shares = [];
  let below_ = 0;
  for (let units = 1; units <= unitsPerPage; units++) {
    shares.push(free ? below_ / free : 0);
    below_ += sizes[units];
  }
  return { shares, free };
}

function drawHoles(contents) {
  const { context, area } = chartFrame(element("holes"));
  const { shares, free } = unusableShares(contents);
  const y = (share) => area.y + area.height * (1 - share);
  for (const share of [0, 0.5, 1]) horizontal(context, area, y(share), percentText(share));
  const x = (units) => area.x + (units / unitsPerPage) * area.width;
  const path = new Path2D();
  path.moveTo(x(1), y(shares[0]));
  shares.forEach((share, index) => {
    path.lineTo(x(index + 1), y(index ? shares[index - 1] : share));
    path.lineTo(x(index + 1), y(share));
  });
  context.strokeStyle = colours.bound;
  context.lineWidth = 2;
  context.stroke(path);
  below(context, area, 0, "1 unit");
  below(context, area, 0.5, "a block of half a page");
  below(context, area, 1, "a page");
  const none = shares.findIndex((share) => share >= 1);
  element("hole-text").textContent = !free ? "Nothing is free inside of pages."
    : `${bytesText(free * unitBytes)} are free inside of pages; `
      + `${percentText(shares[Math.ceil(unitsPerPage / 2) - 1])} of it in holes too small for a `
      + `block of half a page` + (none < 0 ? "." : `, all of it for one of `
      + `0x${((none + 1) * unitBytes).toString(16)} bytes.`);
}
