// The explorer: its parts and what is looked at.
import { answerColumns } from "./answers.js";
import { columnValues, columnsOf } from "./columns.js";
import { openDataset } from "./dataset.js";
import { filterForm, matching } from "./filters.js";
import { Grid } from "./grid.js";
import { STRETCHES, canDraw, draw, isStretched } from "./pictures.js";
import { fetchJson } from "./range_store.js";
import { SamplePanel } from "./sample_panel.js";
import { Scatter } from "./scatter.js";
import { readView, viewText } from "./view_state.js";

const PAGE = new URL(".", document.baseURI);
const SIZES = [64, 96, 144, 224];
const LARGE = 448;
const USUAL = ["flux", "half_light_radius"];
const SHOWN_FILTERS = ["label", "split"]; // from the beginning

const element = (id) => document.getElementById(id);

class Explorer {
  constructor(index) {
    this.index = index;
    this.store = new URL(index.store.replace(/\/?$/, "/"), new URL("..", PAGE));
    this.grid = new Grid(element("frame"), {
      paint: (canvas, row) => !this.hasPicture || this.paint(canvas, row, this.grid.cell),
      want: (rows) => this.dataset.want(this.view.variable, rows),
      caption: (row) => this.caption(row),
      open: (row) => this.change({ sample: row }),
    });
    this.scatter = new Scatter(element("scatter"), element("legend"), (row) => this.change({ sample: row }));
    this.panel = new SamplePanel(element("panel"), {
      paint: (canvas, row) => this.paint(canvas, row, LARGE),
      step: (by) => this.step(by),
      closed: () => this.closed(),
    });
    this.#listen();
  }

  #listen() {
    for (const key of ["dataset", "variable", "stretch", "band", "model", "x", "y", "colour", "size"]) {
      element(key).addEventListener("change", (event) => {
        const value = event.target.value || undefined;
        if (key === "dataset") this.go({ dataset: value, where: new Map() }, "pushState");
        else this.change({ [key]: key === "size" ? Number(value) : value });
      });
    }
    element("add").addEventListener("change", (event) => {
      if (event.target.value) this.addFilter(event.target.value);
      event.target.value = "";
    });
    element("clear").addEventListener("click", () => this.change({ where: new Map() }));
    window.addEventListener("hashchange", () => {
      if (window.location.hash !== viewText(this.view)) this.go(readView(window.location));
    });
  }

  /** Show what a view means, whatever is shown now. */
  async go(view, remember = "replaceState") {
    tell("");
    const known = this.index.datasets.find(({ reference }) => reference === view.dataset) ?? this.index.datasets[0];
    if (view.dataset && known.reference !== view.dataset) tell(`${view.dataset} is not in this store; this is ${known.reference}`);
    if (this.dataset?.entry !== known) await this.#open(known);
    this.view = this.#completed({ ...view, dataset: known.reference });
    this.shownFilters = new Set(SHOWN_FILTERS);
    await this.#showAll({ first: true, remember });
  }

  /** Change some of the view; what depends on it follows. */
  async change(some) {
    const before = this.view;
    this.view = this.#completed({ ...before, ...some });
    await this.#showAll({ before, remember: "pushState" });
  }

  async #open(entry) {
    this.grid.samples = new Uint32Array(0);
    this.dataset = await openDataset(entry, this.store);
    this.dataset.chunks.onArrival = () => this.grid.fill();
    this.dataset.chunks.onError = tellError;
    this.own = await columnsOf(this.dataset);
    this.columns = this.own;
    this.labels = undefined;
  }

  /** A view with something chosen wherever something must be. */
  #completed(view) {
    const { variables, entry } = this.dataset;
    const variable = variables.includes(view.variable) ? view.variable : entry.variable;
    const about = this.dataset.about(variable);
    const [x, y] = this.#plotted();
    return {
      ...view,
      variable,
      stretch: STRETCHES.includes(view.stretch) ? view.stretch : about.units === "electron" ? "asinh" : "linear",
      band: view.band ?? "rgb",
      size: SIZES.includes(view.size) ? view.size : 96,
      x: view.x ?? x,
      y: view.y ?? y ?? x,
      model: entry.models.some(({ name }) => name === view.model) ? view.model : undefined,
    };
  }

  /** The two columns to begin with: what most datasets have, else the first numbers. */
  #plotted() {
    const numbers = this.own.filter((column) => !column.words).map(({ name }) => name);
    const usual = USUAL.filter((name) => numbers.includes(name));
    return [...usual, ...numbers.filter((name) => !USUAL.includes(name))];
  }

  async #showAll({ before, first, remember }) {
    const { view } = this;
    const differs = (...keys) => first || keys.some((key) => before[key] !== view[key]);
    window.history[remember](null, "", viewText(view));
    const model = differs("model") && this.#chooseModel();
    if (differs("variable", "model")) this.#fillChoices();
    if (differs("size")) this.grid.size = view.size;
    if (first && !view.where.size) await this.#showFirst();
    else if (differs("size", "stretch", "band", "variable")) this.grid.layOut();
    if (differs("stretch", "band")) this.panel.repaint();
    await model;
    if (differs("model")) this.#fillColumns();
    if (differs("where", "model")) await this.#filter();
    if (differs("where", "x", "y", "colour", "model", "sample")) await this.#plot();
    if (differs("sample")) await this.#showSample();
  }

  /** Show all samples before any column is read, and pictures before columns are asked for. */
  async #showFirst() {
    this.#showRows(everyRow(this.dataset.samples));
    await this.dataset.sample(this.view.variable, 0).catch(tellError);
  }

  async #chooseModel() {
    const model = this.dataset.entry.models.find(({ name }) => name === this.view.model);
    this.columns = model ? [...this.own, ...(await answerColumns(this.dataset, model, PAGE))] : this.own;
  }

  #fillChoices() {
    const { view, dataset } = this;
    fill("dataset", this.index.datasets.map(({ reference, title }) => [reference, `${reference}: ${title}`]), view.dataset);
    fill("variable", dataset.variables.map((name) => [name, name]), view.variable);
    fill("stretch", STRETCHES.map((name) => [name, name]), view.stretch);
    fill("size", SIZES.map((size) => [size, `${size} px`]), view.size);
    const models = dataset.entry.models.map(({ name, score }) => [name, `${name}, ${score}`]);
    fill("model", [["", models.length ? "none" : "none has predictions here"], ...models], view.model ?? "");
    this.#fillBands();
    element("no-picture").hidden = this.hasPicture;
    const page = new URL(`../datasets/${dataset.entry.reference.replace("@", "-")}.html`, PAGE);
    Object.assign(element("about"), { href: page, textContent: `about ${dataset.entry.reference}` });
  }

  async #fillBands() {
    const { dataset, view } = this;
    const { shape, dimension_names: dims } = dataset.arrays.get(view.variable);
    const there = dims[1] === "band";
    element("stretch").closest("label").hidden = !isStretched(dims.slice(1));
    element("band").closest("label").hidden = !there;
    if (!there) return;
    const names = await dataset.labels("band", shape[1]);
    fill("band", [["rgb", "all, in colour"], ...names.map((name, step) => [String(step), name])], view.band);
  }

  #fillColumns() {
    const { view } = this;
    const of = (columns) => columns.map((column) => [column.name, column.name]);
    const all = of(this.columns);
    fill("x", all, view.x);
    fill("y", all, view.y);
    fill("colour", [["", "one colour"], ...all], view.colour ?? "");
    fill("add", [["", "add a filter…"], ...all], "");
  }

  async #filter() {
    const { view, dataset } = this;
    this.#showFilters();
    const rows = await matching(dataset, this.columns, view.where);
    const label = this.own.find(({ name }) => name === "label");
    const labels = label && (await columnValues(dataset, label));
    if (view.dataset !== this.view.dataset || view.where !== this.view.where) return; // another was asked for meanwhile
    this.labels = labels;
    if (rows.length === this.rows?.length && !view.where.size) this.grid.repaint();
    else this.#showRows(rows);
  }

  #showRows(rows) {
    this.rows = rows;
    const [shown, all] = [rows.length, this.dataset.samples].map((count) => count.toLocaleString("en"));
    element("count").textContent = rows.length ? `${shown} of ${all} samples` : `none of ${all} samples matches`;
    this.grid.show(rows);
  }

  async #showFilters() {
    const { view } = this;
    const names = new Set([...this.shownFilters, ...view.where.keys()]);
    const columns = this.columns.filter(({ name }) => names.has(name));
    const forms = columns.map((column) =>
      filterForm(this.dataset, column, view.where.get(column.name), (wanted) => this.setFilter(column.name, wanted)),
    );
    const made = await Promise.all(forms);
    if (view !== this.view) return;
    const focused = document.activeElement?.closest("#filters fieldset")?.dataset.column;
    if (!focused) element("filters").replaceChildren(...made);
    else for (const form of made) if (!element("filters").querySelector(`[data-column="${form.dataset.column}"]`)) element("filters").append(form);
  }

  addFilter(name) {
    this.shownFilters.add(name);
    this.#showFilters();
  }

  setFilter(name, wanted) {
    const where = new Map(this.view.where);
    if (wanted) where.set(name, wanted);
    else where.delete(name);
    return this.change({ where });
  }

  async #plot() {
    const { view } = this;
    const named = (name) => this.columns.find((column) => column.name === name);
    const read = async (name) => {
      const column = named(name);
      return column && { column, ...(await columnValues(this.dataset, column)) };
    };
    const [x, y, colour] = await Promise.all([view.x, view.y, view.colour].map(read));
    element("plot").hidden = !x || !y;
    if (view === this.view && x && y) this.scatter.show({ x, y, colour, rows: this.rows, chosen: view.sample });
  }

  async #showSample() {
    const { sample } = this.view;
    if (sample === undefined) this.panel.close();
    else if (sample < this.dataset.samples) await this.panel.show(this.dataset, this.columns, this.view);
  }

  step(by) {
    const place = this.rows.indexOf(this.view.sample);
    const next = this.rows[place + by];
    if (next !== undefined) this.change({ sample: next });
  }

  closed() {
    if (this.view.sample === undefined) return;
    const place = this.rows.indexOf(this.view.sample);
    this.change({ sample: undefined });
    if (place >= 0) this.grid.reveal(place, true);
  }

  caption(row) {
    const word = this.labels?.choices[this.labels.values[row]];
    return word ? `${row} ${word}` : String(row);
  }

  get hasPicture() {
    return canDraw(this.dataset.dims(this.view.variable));
  }

  /** Draw a sample, if it is at hand and there is a picture of its form; return whether. */
  paint(canvas, row, size) {
    const { dataset, view } = this;
    if (!this.hasPicture) return false;
    const dims = dataset.dims(view.variable);
    const sample = dataset.sampleAtHand(view.variable, row);
    if (!sample) return false;
    const dense = Math.round(size * (window.devicePixelRatio || 1));
    const isPicture = sample.values instanceof Uint8Array;
    const attributes = dataset.about(view.variable);
    draw(canvas, sample, dims, { stretch: view.stretch, band: view.band, size: dense, isPicture, attributes });
    return true;
  }
}

function everyRow(count) {
  return Uint32Array.from({ length: count }, (_, row) => row);
}

function fill(id, choices, chosen) {
  const options = choices.map(([value, text]) => new Option(text, value, false, String(value) === String(chosen)));
  element(id).replaceChildren(...options);
}

function tell(problem) {
  const place = element("problem");
  place.textContent = problem;
  place.hidden = !problem;
}

/** What went wrong in the end, below what says where it did. */
function tellError(error) {
  let last = error;
  while (last?.cause) last = last.cause;
  tell(last?.message ?? String(last));
}

async function start() {
  const index = await fetchJson(new URL("datasets.json", PAGE));
  if (!index.datasets.length) return tell("The store of this site has no datasets yet.");
  const explorer = new Explorer(index);
  window.addEventListener("unhandledrejection", (event) => {
    event.preventDefault(); // it is told here, not on the console
    tellError(event.reason);
  });
  await explorer.go(readView(window.location));
}

start().catch(tellError);
