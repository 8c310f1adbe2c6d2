"use strict";
// The page: what a student does, and what the seat sees. Python plays (serve/browser.py); here is only what is shown.

const GAME = JSON.parse(FILES["game.json"]);
const KEPT = `jit_gym game ${GAME.name} ${FILES["digest"]}`; // another version of the game does not find it
const WORD = GAME.word, WEEK = WORD[0].toUpperCase() + WORD.slice(1);
const $ = (id) => document.getElementById(id);

let Session = null, session = null; // of Python
let at = null; // { path, seat }, while a game is played
let look = null; // what the seat sees
const seat = () => GAME.seats[at.seat];

// What is kept: the path, the seat, and the orders; all else is played again from them.

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...at, orders: look.orders }));
  } catch {
    $("status").textContent = "This browser keeps nothing for this page: if you close it, the game is gone.";
    $("status").hidden = false;
  }
}

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT));
    return found && GAME.paths[found.path] && GAME.seats[found.seat] && Array.isArray(found.orders) ? found : null;
  } catch {
    return null;
  }
}

function forget() {
  try {
    localStorage.removeItem(KEPT);
  } catch { /* nothing was kept */ }
}

// What the student does.

function begin(path, place, orders) {
  at = { path, seat: place };
  look = JSON.parse(session.begin(path, place, JSON.stringify(orders)));
  keep();
  $("start").hidden = true;
  $("numbers").hidden = $("pictures").hidden = false;
  writeEntries();
  show();
}

function order(units) {
  const answer = JSON.parse(session.order(JSON.stringify(units)));
  $("refused").textContent = answer.error ? `Nothing was ordered: ${answer.error}.` : "";
  if (answer.error) return;
  look = answer;
  keep();
  show();
}

function anew() {
  forget();
  at = look = null;
  for (const id of ["play", "end", "pictures", "numbers"]) $(id).hidden = true;
  $("start").hidden = false;
  $("path").focus();
}

// What is shown.

function writeEntries() {
  $("entries").replaceChildren(...seat().entries.map((entry, k) => {
    const input = element("input", {
      type: "number", id: `entry-${k}`, min: 0, max: GAME.largest_order, step: GAME.whole ? 1 : "any", required: "",
      inputmode: GAME.whole ? "numeric" : "decimal", "aria-describedby": `hint-${k}`,
    });
    const each = entry.lanes.length > 1 ? ` Ordered for each of ${entry.lanes.length} parts.` : "";
    const lots = entry.step > 1 ? ` In lots of ${plainNumber(entry.step)}.` : "";
    const period = GAME.periods > 1 ? ` Units in each ${GAME.period} of the ${WORD}.` : "";
    const hint = `Takes ${entry.lead_time}.${period}${lots}${each}`;
    return element("p", { class: "entry" },
      element("label", { for: `entry-${k}` }, entry.title), element("small", { id: `hint-${k}` }, hint), input);
  }));
}

function show() {
  const over = look.over;
  $("play").hidden = over;
  $("end").hidden = !over;
  if (over) {
    showEnd();
  } else {
    $("play-title").textContent = `${WEEK} ${look.week} of ${GAME.weeks}${GAME.seats.length > 1 ? `: ${seat().title}` : ""}`;
    $("told").textContent = told();
    $("now").replaceChildren(now());
    seat().entries.forEach((_, k) => { $(`entry-${k}`).value = lastOrder(k); });
    $("entry-0").focus();
    $("entry-0").select();
  }
  draw();
  $("weeks").replaceChildren(...weekTable());
}

// Draw all pictures, as wide as there is room.
function draw() {
  drawnFor = pictureWidth();
  $("pictures").replaceChildren(...pictures());
  if (look.over) drawResults();
}

const last = (values) => values[values.length - 1];
const lastOrder = (k) => (GAME.whole ? Math.round(last(look.ordered[k]) ?? 0) : last(look.ordered[k]) ?? 0);
const each = (titles, values) => titles.map((title, k) => `${title} ${plainNumber(values[k])}`).join(", ");

// Where a week has several periods, flows are told for each of these, as they are ordered.
const aPeriod = () => (GAME.periods > 1 ? ` in each ${GAME.period}` : "");

// What happened in the last week, in a sentence: also what a screen reader says.
function told() {
  if (!look.numbers.length) return "Nothing has happened yet.";
  const before = last(look.numbers) < 1 ? `The ${WORD} before` : `${WEEK} ${last(look.numbers)}`;
  const asked = each(seat().asked.map((one) => one.title), look.asked.map(last));
  const parts = [`asked for${aPeriod()}: ${asked || "nothing"}`, `left on hand: ${each(seat().shelves.map((one) => one.title), look.on_hand.map(last))}`];
  if (last(look.short)) parts.push(`short: ${plainNumber(last(look.short))}`);
  if (last(look.owed)) parts.push(`still owed: ${plainNumber(last(look.owed))}`);
  parts.push(`cost: ${plainNumber(last(look.cost))}`);
  return `${before}: ${parts.join("; ")}.${look.news.length ? ` Now: ${look.news.join(". ")}.` : ""}`;
}

function row(title, value) {
  return element("tr", {}, element("th", { scope: "row" }, title), element("td", {}, value));
}

// The title of an entry, where there are several.
const of = (entry) => (seat().entries.length > 1 ? `: ${entry.title}` : "");

function now() {
  const rows = seat().shelves.map((shelf, k) => row(`On hand: ${shelf.title}`, plainNumber(last(look.on_hand[k]) ?? 0)));
  rows.push(row("Owed to those who wait", plainNumber(last(look.owed) ?? 0)));
  seat().entries.forEach((entry, k) => {
    const seen = look.entries[k];
    rows.push(row(`On order${of(entry)}`, plainNumber(seen.on_order)));
    if (seen.arriving?.length) rows.push(row(`Arrives ${WORD} by ${WORD}${of(entry)}`, seen.arriving.map((units) => plainNumber(units)).join(", ")));
    if (seen.works < 1) rows.push(row(`Can deliver${of(entry)}`, `${plainNumber(100 * seen.works)} %`));
  });
  for (const [title, values] of Object.entries(look.forecast)) rows.push(row(`Forecast of ${title}`, values.map((units) => plainNumber(units)).join(", ")));
  rows.push(row(`Cost since ${WORD} 1`, plainNumber(sinceFirst(look.cost))));
  return element("table", {}, element("caption", {}, "What you see now, in units"), element("tbody", {}, ...rows));
}

const played = (values) => values.slice(GAME.past_weeks);
const sinceFirst = (values) => played(values).reduce((sum, value) => sum + value, 0);

function pictures() {
  const frame = { word: WORD, first: 1 - GAME.past_weeks, last: GAME.weeks };
  const several = seat().shelves.length > 1;
  const colours = ["stock", "order", "way", "waste"];
  const stock = seat().shelves.slice(0, 4).map((shelf, k) => (
    { name: several ? shelf.title : "on hand", colour: colours[k], kind: "steps", dash: k, values: look.on_hand[k] }));
  const asked = seat().asked.slice(0, 2).map((one, k) => (
    { name: one.title.toLowerCase().startsWith("order") ? one.title : `demand: ${one.title}`, colour: ["demand", "loss"][k], kind: "bars", thin: k > 0, values: look.asked[k] }));
  const ordered = seat().entries.slice(0, 4).map((entry, k) => (
    { name: `ordered${of(entry)}`, colour: ["order", "waste", "vehicle", "waiting"][k], kind: "steps", dash: k, values: look.ordered[k] }));
  const arrived = { name: `arrived${of(seat().entries[0])}`, colour: "way", kind: "steps", dash: 2, values: look.arrived[0] };
  const owed = look.owed.some(Boolean) || look.short.some(Boolean)
    ? [{ name: "short or owed, shown below 0", colour: "short", kind: "bars", values: look.owed.map((units, k) => -Math.max(units, look.short[k])) }] : [];
  const says = (values) => (values.length ? `The last ${WORD}: ${plainNumber(last(values))}` : "Empty yet");
  return [
    picture({ ...frame, title: `On hand at the end of each ${WORD}`, says: says(look.on_hand[0]), series: [...owed, ...stock] }),
    picture({ ...frame, title: `Asked for, ordered and arrived${aPeriod()}`, says: says(look.ordered[0]), series: [...asked, arrived, ...ordered] }),
    picture({ ...frame, title: `Cost of each ${WORD}`, says: says(look.cost), series: [{ name: "costs less revenue", colour: "stock", kind: "bars", values: look.cost }] }),
  ];
}

// All weeks, as columns of text: for the table and the file.
function columns() {
  const found = [[WEEK, look.numbers]];
  seat().asked.forEach((one, k) => found.push([`asked for: ${one.title}`, look.asked[k]]));
  seat().entries.forEach((entry, k) => {
    found.push([`ordered: ${entry.title}`, look.ordered[k]]);
    found.push([`arrived: ${entry.title}`, look.arrived[k]]);
  });
  seat().shelves.forEach((shelf, k) => found.push([`on hand: ${shelf.title}`, look.on_hand[k]]));
  found.push(["short", look.short], ["owed", look.owed], ["cost", look.cost]);
  return found;
}

function weekTable() {
  const found = columns();
  const head = element("tr", {}, ...found.map(([title]) => element("th", { scope: "col" }, title)));
  const rows = look.numbers.map((_, t) => element("tr", {}, ...found.map(([, values], k) => (
    k ? element("td", {}, plainNumber(values[t], 2)) : element("th", { scope: "row" }, plainNumber(values[t]))))));
  return [element("caption", {}, `${WEEK}s of 0 and less were played before you came`), element("thead", {}, head), element("tbody", {}, ...rows.reverse())];
}

function saveCsv() {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const found = columns();
  const lines = [found.map(([title]) => quoted(title)), ...look.numbers.map((_, t) => found.map(([, values]) => String(values[t])))];
  const link = element("a", {
    href: URL.createObjectURL(new Blob([lines.map((line) => line.join(",") + "\n").join("")], { type: "text/csv" })),
    download: `${GAME.name}-path-${at.path + 1}.csv`,
  });
  link.click();
  URL.revokeObjectURL(link.href);
}

// What is done by hand.

let drawnFor = 0;
window.addEventListener("resize", () => {
  if (look && Math.abs(pictureWidth() - drawnFor) > 8) draw();
});

$("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(event.target);
  begin(Number(given.get("path")), Number(given.get("seat") ?? 0), []);
});
$("order").addEventListener("submit", (event) => {
  event.preventDefault();
  order(seat().entries.map((_, k) => $(`entry-${k}`).valueAsNumber));
});
$("again").addEventListener("click", anew);
$("csv").addEventListener("click", saveCsv);
$("print").addEventListener("click", () => window.print());
window.addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});

// A forecast of how long it takes would be a guess; so the page says what it waits for, and what failed.
window.addEventListener("load", async () => {
  try {
    Session = await startPython();
    session = Session(FILES["game.json"]);
  } catch (error) {
    $("status").textContent = `Python could not be loaded: ${error.message}. A current Firefox, Chrome, Edge or Safari can.`;
    return;
  }
  $("status").hidden = true;
  $("begin").querySelector("button").disabled = false;
  document.body.dataset.ready = "true";
  const before = kept();
  if (before) {
    try {
      begin(before.path, before.seat, before.orders);
    } catch {
      anew();
    }
  }
});
