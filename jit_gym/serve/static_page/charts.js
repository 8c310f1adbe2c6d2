"use strict";
// Pictures as SVG: lines, steps and bars over the weeks. Colours are the page's CSS variables; who cannot tell them
// apart sees dashes, and reads the legend in the same order.

const HEIGHT = 190, LEFT = 46, RIGHT = 8, TOP = 18, BOTTOM = 40, LETTERS = 12; // pixels
const NARROWEST = 280, WIDEST = 544, TWO_COLUMNS = 1000;
const DASHES = ["", "6 3", "2 3", "9 3 2 3"];

function element(name, attributes = {}, ...inside) {
  const svg = ["svg", "path", "rect", "text", "line", "g"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside.filter((each) => each !== null && each !== undefined));
  return made;
}

function plainNumber(value, digits = 1) {
  const size = Math.abs(value);
  const places = Number.isInteger(value) || size >= 1000 ? 0 : digits;
  return value.toLocaleString("en", { maximumFractionDigits: places, minimumFractionDigits: 0 }).replace("-", "\u2212");
}

function shortNumber(value) {
  return value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 }).replace("-", "\u2212");
}

// Round values from low to high, at most so many: multiples of 1, 2 or 5 times a power of ten.
function ticks(low, high, most) {
  if (!(high > low)) return [low];
  for (let power = Math.floor(Math.log10((high - low) / most)); ; power++) {
    for (const digit of [1, 2, 5]) {
      const step = digit * 10 ** power;
      const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
      if (last - first + 1 <= most) {
        return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
      }
    }
  }
}

// How wide a picture is, so that its letters are as large as those beside it, on a phone too.
function pictureWidth() {
  const main = document.querySelector("main"), style = getComputedStyle(main);
  const free = main.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return Math.max(NARROWEST, Math.min(WIDEST, free >= TWO_COLUMNS ? (free - 40) / 2 : free));
}

// A picture: { title, says, word, first, last, series: [{ name, colour, kind: "line" | "steps" | "bars", values, dash, thin }] }.
// Values begin with week `first`; weeks before 1 are shaded.
function picture({ title, says, word, first, last, series }) {
  const values = series.flatMap((each) => each.values).filter(Number.isFinite);
  const width = pictureWidth();
  const steps = ticks(Math.min(0, ...values), Math.max(0, ...values) || 1, 5), step = steps.length > 1 ? steps[1] - steps[0] : 1;
  const low = Math.floor(Math.min(0, ...values) / step + 1e-9) * step, high = Math.ceil(Math.max(0, ...values, 1e-9) / step - 1e-9) * step;
  const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const x = (week) => LEFT + ((week - first) / (last + 1 - first)) * (width - LEFT - RIGHT);
  const svg = element("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${title}. ${says}` });
  if (first < 1) svg.append(element("rect", { x: x(first), y: TOP, width: x(1) - x(first), height: HEIGHT - TOP - BOTTOM, style: "fill:var(--grid);fill-opacity:.4" }));
  if (first < 1 && x(1) - x(first) > 70) {
    svg.append(element("text", { x: x(first) + 4, y: TOP - 5, "font-size": LETTERS - 1, style: "fill:var(--muted)" }, "played before"));
  }
  for (const value of ticks(low, high, 6)) {
    svg.append(element("path", { d: `M${LEFT} ${y(value)}H${width - RIGHT}`, style: "stroke:var(--grid);stroke-width:.6;fill:none" }));
    svg.append(element("text", { x: LEFT - 4, y: y(value) + 4, "text-anchor": "end", "font-size": LETTERS, style: "fill:var(--muted)" }, shortNumber(value)));
  }
  for (const week of ticks(Math.max(first, 1 - 1e-9), last, 9).filter((each) => each >= 1 && Number.isInteger(each))) {
    svg.append(element("text", { x: (x(week) + x(week + 1)) / 2, y: HEIGHT - BOTTOM + 15, "text-anchor": "middle", "font-size": LETTERS, style: "fill:var(--muted)" }, String(week)));
  }
  svg.append(element("text", { x: (LEFT + width) / 2, y: HEIGHT - 6, "text-anchor": "middle", "font-size": LETTERS, style: "fill:var(--muted)" }, word));
  for (const each of series) svg.append(...drawn(each, first, x, y));
  svg.append(element("path", { d: `M${LEFT} ${y(0)}H${width - RIGHT}`, style: "stroke:var(--muted);stroke-width:.8;fill:none" }));
  return element("figure", {}, element("h3", {}, title), key(series), element("div", {}, svg));
}

function drawn({ kind, values, colour, dash = 0, thin = false }, first, x, y) {
  const stroke = `fill:none;stroke:var(--${colour});stroke-width:1.7;stroke-dasharray:${DASHES[dash]}`;
  const points = values.map((value, k) => [first + k, value]).filter(([, value]) => Number.isFinite(value));
  if (kind === "bars") {
    const wide = x(first + 1) - x(first), share = thin ? 0.3 : 0.7;
    return points.map(([week, value]) => element("rect", {
      x: x(week) + (0.5 - share / 2) * wide, width: share * wide, y: Math.min(y(0), y(value)), height: Math.abs(y(value) - y(0)),
      style: `fill:var(--${colour})`,
    }));
  }
  if (!points.length) return [];
  const path = kind === "steps"
    ? points.map(([week, value], k) => `${k ? "V" : `M${x(week)} `}${y(value)}H${x(week + 1)}`).join("")
    : points.map(([week, value], k) => `${k ? "L" : "M"}${(x(week) + x(week + 1)) / 2} ${y(value)}`).join("");
  return [element("path", { d: path, style: stroke })];
}

function key(series) {
  return element("ul", { class: "key" }, ...series.map(({ name, kind, colour, dash = 0, thin = false }) => {
    const sample = element("svg", { viewBox: "0 0 27 12", "aria-hidden": "true" });
    sample.append(kind === "bars"
      ? element("rect", { x: thin ? 10 : 6, y: 1, width: thin ? 6 : 14, height: 10, style: `fill:var(--${colour})` })
      : element("path", { d: "M0 6H27", style: `stroke:var(--${colour});stroke-width:2.2;stroke-dasharray:${DASHES[dash]}` }));
    return element("li", {}, sample, name);
  }));
}
