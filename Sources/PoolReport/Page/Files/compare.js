// Two pools beside each other: each in a root of its own, the first with the time line of both.

const names = JSON.parse(document.getElementById("names").textContent);
const colourOfTag = new Map();
const pools = [];
["first", "second"].forEach((id, index) => {
  const root = document.getElementById(`${id}-pool`).attachShadow({ mode: "open" });
  root.append(document.getElementById("style").cloneNode(true),
    document.getElementById("pool").content.cloneNode(true));
  pools.push(showHistory(root, JSON.parse(document.getElementById(`${id}-history`).textContent), {
    index, colourOfTag, names, moved: index === 0 ? showDifference : null,
    get leader() { return pools[0]; },
    get other() { return pools[1 - index]; },
  }));
});

/** The second pool at the time of the first, and what the two come to. */
function showDifference(operation) {
  pools[1].show(operation);
  const [before, after] = pools.map((pool) => pool.pages(operation));
  const count = (number) => `${number.toLocaleString("en-US")} page${number === 1 ? "" : "s"}`;
  const difference = Math.abs(before - after);
  const share = before ? ` (${Math.round((difference / before) * 100)} %)` : "";
  const words = difference === 0 ? "as many"
    : `${count(difference)}${share} ${after < before ? "fewer" : "more"}`;
  document.getElementById("difference").textContent = `After operation `
    + `${operation.toLocaleString("en-US")}, ${names[0]} holds ${count(before)} and ${names[1]} `
    + `${after.toLocaleString("en-US")}: ${words}.`;
}

// The first shows the second with it.
pools[1].start();
pools[0].start();

const rows = new Map(pools[0].metrics.map(([name, value]) => [name, [value, "–"]]));
for (const [name, value] of pools[1].metrics) {
  if (rows.has(name)) rows.get(name)[1] = value; else rows.set(name, ["–", value]);
}
const body = document.getElementById("metrics-of-both").tBodies[0];
for (const [name, values] of rows) {
  const row = body.insertRow();
  for (const text of [name, ...values, meaningOf(name)]) row.insertCell().textContent = text;
  row.lastChild.className = "meaning";
  if (values[0] !== values[1]) row.className = "different";
}
