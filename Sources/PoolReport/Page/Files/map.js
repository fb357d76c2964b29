// The page map: one row a page, to scale, in as many columns as make it fit.

const mapShapes = [[1, 18], [1, 15], [2, 14], [2, 12], [3, 9], [4, 7], [5, 5], [6, 4], [8, 3]];
const mapHeightWanted = 800;

/** Pages in the order of the rows. By address every page that was ever held keeps its place; by what
 * they hold the kernel's tables and pages kept for reuse are left out. */
function mapOrder(contents, order) {
  const pages = [];
  if (order === "address") {
    for (let page = 0; page < pageCount; page++) if (everHeld.has(page)) pages.push(page);
    return pages;
  }
  const shown = new Set(["small", "large"]);
  for (let page = 0; page < pageCount; page++) {
    if (contents[page].length && shown.has(statisticsOf(contents[page]).kind)) pages.push(page);
  }
  const of = (page) => statisticsOf(contents[page]);
  const key = order === "hole"
    ? (page) => (of(page).kind === "small" ? of(page).hole : Infinity)
    : (page) => (of(page).kind === "small" ? of(page).live + of(page).parked : Infinity);
  const keys = new Map(pages.map((page) => [page, key(page)]));
  return pages.sort((a, b) => keys.get(a) - keys.get(b) || a - b);
}

/** Where rows and columns lie on a canvas of some width: of rows such as `count` pages would have. */
function mapShape(count, ownCount, width) {
  let [columns, row] = mapShapes[mapShapes.length - 1];
  for (const [tryColumns, tryRow] of mapShapes) {
    if (Math.ceil(count / tryColumns) * tryRow <= mapHeightWanted) {
      [columns, row] = [tryColumns, tryRow];
      break;
    }
  }
  const gap = 16;
  const columnWidth = (width - gap * (columns - 1)) / columns;
  const label = row >= 12 ? (history_.digits === 8 ? 66 : 118) : 0;
  const rows = Math.max(1, Math.ceil(ownCount / columns));
  return { columns, row, gap, columnWidth, label, rows, strip: columnWidth - label,
    bar: row - (row >= 9 ? 3 : row >= 5 ? 1 : 0), height: rows * row + 2 };
}

const map = { pages: [], shape: null, rowOf: new Map() };

function drawMap(view) {
  const canvas = element("map");
  const contents = contentsAfter(view.step);
  map.pages = mapOrder(contents, view.order);
  map.rowOf = new Map(map.pages.map((page, index) => [page, index]));
  // Beside another pool both have rows of one height.
  const count = Math.max(map.pages.length, pair ? pair.other.rowCount(operationOf(view.step)) : 0);
  const shape = mapShape(count, map.pages.length, canvas.getBoundingClientRect().width);
  map.shape = shape;
  const { context } = prepared(canvas, shape.height);
  context.font = "11px " + monospace;
  context.textBaseline = "middle";
  const touched = new Set(view.step > 0 ? steps[view.step].map((splice) => splice.page) : []);
  map.pages.forEach((page, index) => {
    const { x, y } = placeOf(index);
    drawRow(context, page, contents[page], x, y, view, touched.has(page));
  });
  describeMap(canvas, contents);
}

function placeOf(index) {
  const { shape } = map;
  return { x: Math.floor(index / shape.rows) * (shape.columnWidth + shape.gap),
    y: (index % shape.rows) * shape.row + 1 };
}

function drawRow(context, page, content, x, y, view, isTouched) {
  const { shape } = map;
  const left = x + shape.label;
  if (shape.label) {
    context.fillStyle = page === view.page ? colours.accent
      : content.length ? colours.soft : colours.edge;
    context.fillText(pageAddress(page), x, y + shape.bar / 2 + 0.5);
  }
  if (!content.length) {
    context.fillStyle = colours.absent;
    context.fillRect(left, y, shape.strip, shape.bar);
  } else {
    drawPieces(context, content, left, y, shape.strip, shape.bar, view);
  }
  if (isTouched || page === view.page) {
    context.strokeStyle = page === view.page ? colours.accent : colours.mark;
    context.lineWidth = 1.5;
    context.strokeRect(left - 0.75, y - 0.75, shape.strip + 1.5, shape.bar + 1.5);
  }
}

/** Draws the pieces of a page to scale. A block in use is never thinner than two pixels. Where a tag
 * was asked for, all others fade. */
function drawPieces(context, content, x, y, width, height, { byTag, tag }) {
  const sum = statisticsOf(content);
  const scale = width / (sum.units || unitsPerPage);
  // A page that parked blocks alone hold is told from one that somebody still uses.
  context.fillStyle = sum.parkedBlocks && !sum.blocks ? colours.idle : colours.free;
  context.fillRect(x, y, width, height);
  for (const piece of piecesOf(content)) {
    if (piece.state === State.free) continue;
    context.fillStyle = pieceColour(piece, byTag);
    // Whole pixels, and one between blocks that have some to spare.
    const start = Math.round(x + piece.offset * scale);
    const room = Math.round(x + (piece.offset + piece.units) * scale) - start;
    const wide = Math.max(room >= 5 ? room - 1 : room, Math.min(2, width));
    const left = Math.min(start, Math.floor(x + width - wide));
    // A parked block is nobody's: half a bar.
    const tall = isParked(piece.state) && height >= 6 ? Math.round(height / 2) : height;
    const isOther = tag && !((piece.state === State.allocated || piece.state === State.large)
      && tagTexts[piece.tag].trim() === tag);
    context.globalAlpha = isOther ? 0.15 : 1;
    context.fillRect(left, y + Math.floor((height - tall) / 2), wide, tall);
  }
  context.globalAlpha = 1;
}

/** The page and the block under a point of the canvas, or null. */
function hitMap(event) {
  const box = element("map").getBoundingClientRect();
  const { shape } = map;
  if (!shape) return null;
  const x = event.clientX - box.left, y = event.clientY - box.top;
  const column = Math.floor(x / (shape.columnWidth + shape.gap));
  const row = Math.floor((y - 1) / shape.row);
  if (row < 0 || row >= shape.rows || column < 0 || column >= shape.columns) return null;
  const page = map.pages[column * shape.rows + row];
  if (page === undefined) return null;
  const within = x - column * (shape.columnWidth + shape.gap) - shape.label;
  return { page, share: Math.min(Math.max(within / shape.strip, 0), 0.999999) };
}

function describeMap(canvas, contents) {
  let heldPages = 0;
  for (const content of contents) if (content.length) heldPages++;
  canvas.setAttribute("aria-label", `Map of ${plural(heldPages, "page")} and runs in use`);
}

/** What a test, or a reader's own script, needs to find a block on a picture of this page. */
function publishLayout() {
  const canvas = element("map");
  const box = canvas.getBoundingClientRect();
  canvas.dataset.layout = JSON.stringify({ left: box.left + window.scrollX,
    top: box.top + window.scrollY, ...map.shape });
  canvas.dataset.order = map.pages.map(pageAddress).join(" ");
}
