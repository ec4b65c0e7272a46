// Two columns against each other. Classes have a form each as well as a colour; of numbers, larger
// ones have larger marks.
import { extent, rounded } from "./filters.js";

const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#8a8a8a"];
const SCALE = ["#440154", "#3b528b", "#21918c", "#5ec962", "#d8c800"]; // viridis
const MARGIN = { left: 62, right: 12, top: 10, bottom: 42 };
const NEAR = 12; // screen pixels within which a click takes a sample
const LOGARITHMIC = 30; // largest over smallest from which an axis is logarithmic

const FORMS = [
  (c, r) => c.arc(0, 0, r, 0, 7),
  (c, r) => c.rect(-r * 0.9, -r * 0.9, 1.8 * r, 1.8 * r),
  (c, r) => polygon(c, r * 1.2, 3),
  (c, r) => polygon(c, r * 1.2, 4),
  (c, r) => cross(c, r, 0),
  (c, r) => cross(c, r, Math.PI / 4),
  (c, r) => polygon(c, r * 1.2, 5),
];

export class Scatter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} legend
   * @param {function(number)} open - a row
   */
  constructor(canvas, legend, open) {
    Object.assign(this, { canvas, legend });
    canvas.addEventListener("click", (event) => {
      const row = this.#nearest(event.offsetX, event.offsetY);
      if (row !== undefined) open(row);
    });
    const again = () => this.plotted && this.show(this.plotted);
    new ResizeObserver(again).observe(canvas.parentElement);
    new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** @param {object} plotted - {x, y, colour: {column, values, choices?}, rows, chosen} */
  show(plotted) {
    this.plotted = plotted;
    const { x, y, rows, colour } = plotted;
    this.#clear();
    this.across = axis(x, rows, MARGIN.left, this.width - MARGIN.right);
    this.up = axis(y, rows, this.height - MARGIN.bottom, MARGIN.top);
    this.#drawAxes();
    const marks = marksOf(colour, rows, this.ink);
    let drawn = 0;
    for (const row of rows) drawn += this.#mark(row, marks.of(row));
    this.#ring(plotted.chosen);
    this.#tell(marks.legend, drawn, rows.length - drawn);
  }

  #tell(legend, drawn, absent) {
    const { x, y } = this.plotted;
    this.legend.replaceChildren(...legend);
    if (absent) this.legend.append(textItem(`${absent.toLocaleString("en")} without these values`));
    const told = `${y.column.name} against ${x.column.name} of ${drawn.toLocaleString("en")} samples`;
    this.canvas.setAttribute("aria-label", `${told}; the same samples are in the grid`);
  }

  #clear() {
    const style = getComputedStyle(this.canvas);
    this.ink = style.color;
    this.width = this.canvas.parentElement.clientWidth;
    this.height = Math.min(420, Math.max(240, this.width * 0.6));
    const dense = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: this.width * dense, height: this.height * dense });
    this.canvas.style.height = `${this.height}px`;
    this.context = this.canvas.getContext("2d");
    this.context.scale(dense, dense);
    this.context.font = `12px ${style.fontFamily}`;
  }

  #place(row) {
    return [this.across.place(this.plotted.x.values[row]), this.up.place(this.plotted.y.values[row])];
  }

  #mark(row, stamp) {
    const [x, y] = this.#place(row);
    if (!Number.isFinite(x + y)) return 0;
    this.context.drawImage(stamp, x - stamp.width / 4, y - stamp.height / 4, stamp.width / 2, stamp.height / 2);
    return 1;
  }

  #ring(row) {
    if (row === undefined || row === null) return;
    const [x, y] = this.#place(row);
    this.context.strokeStyle = this.ink;
    this.context.lineWidth = 2;
    this.context.beginPath();
    this.context.arc(x, y, 8, 0, 7);
    this.context.stroke();
  }

  #drawAxes() {
    const { context, width, height } = this;
    context.strokeStyle = context.fillStyle = this.ink;
    context.lineWidth = 1;
    context.strokeRect(MARGIN.left, MARGIN.top, width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom);
    context.textAlign = "center";
    for (const [value, text] of this.across.ticks) context.fillText(text, this.across.place(value), height - MARGIN.bottom + 16);
    context.fillText(this.across.title, (MARGIN.left + width) / 2, height - 8);
    context.textAlign = "right";
    for (const [value, text] of this.up.ticks) context.fillText(text, MARGIN.left - 6, this.up.place(value) + 4);
    context.save();
    context.translate(12, (height - MARGIN.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(this.up.title, 0, 0);
    context.restore();
  }

  #nearest(x, y) {
    let [best, least] = [undefined, NEAR ** 2];
    for (const row of this.plotted?.rows ?? []) {
      const [across, up] = this.#place(row);
      const distance = (across - x) ** 2 + (up - y) ** 2;
      if (distance < least) [best, least] = [row, distance];
    }
    return best;
  }
}

/** From values to the screen; logarithmic where they are positive and span much. */
function axis({ column, values, choices }, rows, from, to) {
  let [low, high] = choices ? [-0.5, choices.length - 0.5] : extent(Float64Array.from(rows, (row) => values[row]));
  if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 1, high + 1] : [0, 1];
  const isLog = !choices && low > 0 && high / low > LOGARITHMIC;
  const scale = isLog ? Math.log10 : (value) => value;
  const pad = choices ? 0 : 0.03 * (scale(high) - scale(low));
  const [first, span] = [scale(low) - pad, scale(high) - scale(low) + 2 * pad];
  const units = [column.units, isLog ? "log" : ""].filter(Boolean).join(", ");
  return {
    place: (value) => from + ((scale(value) - first) / span) * (to - from),
    ticks: choices ? choices.map((word, place) => [place, word.slice(0, 10)]) : isLog ? decades(low, high) : steps(low, high),
    title: units ? `${column.name} [${units}]` : column.name,
  };
}

function steps(low, high) {
  const rough = (high - low) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * (rough / unit < 1.5 ? 1 : rough / unit < 3.5 ? 2 : rough / unit < 7.5 ? 5 : 10);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push([k * step, rounded(k * step)]);
  return ticks;
}

function decades(low, high) {
  const ticks = [];
  const factors = high / low > 1000 ? [1] : [1, 3];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low && value <= high) ticks.push([value, rounded(value)]);
    }
  }
  return ticks;
}

/** The mark of each row, drawn once, and the lines of the legend. */
function marksOf(colour, rows, ink) {
  const small = rows.length > 20000 ? 2 : 3;
  if (!colour) {
    const one = stamp(FORMS[0], COLOURS[0], small);
    return { of: () => one, legend: [] };
  }
  const { values, choices, column } = colour;
  const absent = stamp(FORMS[0], ink, small / 2);
  if (choices) {
    const stamps = choices.map((_, k) => stamp(FORMS[k % FORMS.length], COLOURS[k % COLOURS.length], small));
    const counts = new Array(choices.length).fill(0);
    for (const row of rows) counts[values[row]]++;
    return {
      of: (row) => stamps[values[row]] ?? absent,
      legend: choices.map((word, k) => line(stamps[k], `${word} ${counts[k].toLocaleString("en")}`)),
    };
  }
  const [low, high] = extent(Float64Array.from(rows, (row) => values[row]));
  const stamps = SCALE.map((shade, k) => stamp(FORMS[0], shade, small * (0.6 + 0.25 * k)));
  const step = (value) => Math.min(SCALE.length - 1, Math.floor(((value - low) / (high - low || 1)) * SCALE.length));
  const from = (k) => rounded(low + (k / SCALE.length) * (high - low));
  return {
    of: (row) => stamps[step(values[row])] ?? absent,
    legend: Number.isFinite(low) ? stamps.map((one, k) => line(one, `${column.name} from ${from(k)}`)) : [],
  };
}

function stamp(form, colour, radius) {
  const half = Math.ceil(radius * 1.3) + 1;
  const canvas = Object.assign(document.createElement("canvas"), { width: 4 * half, height: 4 * half });
  const context = canvas.getContext("2d");
  context.translate(2 * half, 2 * half);
  context.scale(2, 2);
  context.fillStyle = colour;
  context.beginPath();
  form(context, radius);
  context.fill();
  return canvas;
}

function textItem(text) {
  return Object.assign(document.createElement("li"), { textContent: text });
}

function line(mark, text) {
  const item = document.createElement("li");
  const copy = Object.assign(document.createElement("canvas"), { width: mark.width, height: mark.height });
  copy.getContext("2d").drawImage(mark, 0, 0);
  copy.style.width = `${mark.width / 2}px`;
  copy.setAttribute("aria-hidden", "true");
  item.append(copy, ` ${text}`);
  return item;
}

function polygon(context, radius, corners) {
  for (let k = 0; k < corners; k++) {
    const angle = (2 * Math.PI * k) / corners - Math.PI / 2;
    context.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
  }
}

function cross(context, radius, angle) {
  context.rotate(angle);
  context.rect(-1.2 * radius, -0.35 * radius, 2.4 * radius, 0.7 * radius);
  context.rect(-0.35 * radius, -1.2 * radius, 0.7 * radius, 2.4 * radius);
  context.rotate(-angle);
}
