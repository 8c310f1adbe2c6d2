"use strict";
// What is shown when all weeks are played: the student, and who else has played the same path.

const COLOURS = ["way", "order", "waste"];
const SAYS = {
  agent: "a network that was trained by playing",
  optimum: "the best policy there is, on average over all that can happen",
  bound: "nobody does better on this path, not even who knows all that happens in advance",
};

function standings() {
  const found = GAME.paths[at.path].results.standings;
  return [{ name: "You", kind: "you", ...look.of_all }, ...found].sort((a, b) => a.cost - b.cost);
}

function showEnd() {
  const all = standings(), several = GAME.seats.length > 1;
  $("end-title").textContent = `All ${GAME.weeks} ${WORD}s are played: you ${paid(several ? sinceFirst(look.cost) : look.of_all.cost)}`;
  $("results").replaceChildren(
    element("p", { class: "verdict" }, verdict(all, several)),
    resultTable(all, several),
    ...GAME.paths[at.path].results.notes.map((note) => element("p", { class: "quiet" }, `${note[0].toUpperCase()}${note.slice(1)}.`)),
    element("div", { class: "pair", id: "compared" }),
  );
  $("end-title").focus();
}

function verdict(all, several) {
  const policies = all.filter((each) => !["you", "bound"].includes(each.kind));
  const me = all.find((each) => each.kind === "you"), bound = all.find((each) => each.kind === "bound");
  const better = policies.filter((each) => each.cost < me.cost).length;
  const whose = several ? `All ${GAME.seats.length} seats together ${paid(me.cost)} in your game. ` : "";
  const words = !better ? "No policy did better on this path." : `${better} of ${policies.length} policies did better on this path.`;
  if (!bound) return whose + words;
  const least = bound.cost < 0 ? `earned more than ${plainNumber(-bound.cost, 0)}` : `paid less than ${plainNumber(bound.cost, 0)}`;
  return `${whose}${words} Nobody could have ${least}.`;
}

// Costs less revenue, in words.
const paid = (cost) => (cost < 0 ? `earned ${plainNumber(-cost, 0)}` : `paid ${plainNumber(cost, 0)}`);

function resultTable(all, several) {
  const titles = ["who", "cost", `a ${WORD}`, "on hand, on average", "served at once"];
  const share = (value) => (value === null || value === undefined ? "" : `${plainNumber(100 * value)} %`);
  const lines = all.map((each) => {
    const says = SAYS[each.kind] ?? each.does;
    return element("tr", each.kind === "you" ? { class: "you" } : {},
      element("th", { scope: "row" }, each.name, ...(says ? [element("small", {}, says)] : [])),
      element("td", {}, plainNumber(each.cost, 0)),
      element("td", {}, plainNumber(each.cost / GAME.weeks, 2)),
      element("td", {}, each.stock === null || each.stock === undefined ? "" : plainNumber(each.stock)),
      element("td", {}, share(each.fill_rate)));
  });
  const caption = `Costs less revenue${several ? " of all seats" : ""} on the same path, the cheapest first; units that are left count at what they cost`;
  return element("div", {}, element("h3", { id: "standings" }, "Who paid what"), element("p", { class: "quiet" }, `${caption}.`), scrolling("standings",
    element("table", { class: "numbers", "aria-labelledby": "standings" },
      element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)))),
      element("tbody", {}, ...lines))));
}

function scrolling(title, table) {
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": title }, table);
}

// Pictures beside the best of the others, and what some would have ordered in the student's place.
function drawResults() {
  const several = GAME.seats.length > 1;
  const frame = { word: WORD, first: 1, last: GAME.weeks };
  const others = standings().filter((each) => each.kind !== "you" && each.on_hand?.length);
  const shown = [...new Set([others[0], others.find((each) => each.kind === "agent"), others.find((each) => each.kind === "rule")])].filter(Boolean);
  const compared = (what, mine) => [
    { name: "you", colour: "stock", kind: "steps", values: mine },
    ...shown.map((each, k) => ({ name: each.name, colour: COLOURS[k], kind: "steps", dash: k + 1, values: each[what] })),
  ];
  const says = `You beside ${shown.map((each) => each.name).join(" and ")}`;
  const stocks = several ? "On hand, all seats together" : "On hand, all stocks together";
  const found = [picture({ ...frame, title: `${stocks}: you and others`, says, series: compared("on_hand", look.of_all.on_hand) })];
  const advisers = shown.filter((each) => each.name in look.advice);
  seat().entries.forEach((entry, j) => {
    const series = [
      { name: "you", colour: "stock", kind: "steps", values: played(look.ordered[j]) },
      ...advisers.map((each, k) => ({ name: each.name, colour: COLOURS[k], kind: "steps", dash: k + 1, values: look.advice[each.name].map((units) => units[j]) })),
    ];
    if (advisers.length) found.push(picture({ ...frame, title: `What they would have ordered in your place${of(entry)}`, says, series }));
  });
  $("compared").replaceChildren(...found);
}
