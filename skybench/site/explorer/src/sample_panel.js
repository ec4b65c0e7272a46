// All that is known of one sample: a large picture, its numbers, what a model says, and the code
// that makes it again.
import { columnValues } from "./columns.js";
import { SAMPLE, SOURCE, meanings, size } from "./dataset.js";
import { rounded } from "./filters.js";

export class SamplePanel {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {object} of - {paint(canvas, row), step(row, by), closed()}
   */
  constructor(dialog, of) {
    Object.assign(this, { dialog, of });
    const part = (name) => dialog.querySelector(`[data-part=${name}]`);
    this.parts = Object.fromEntries(["title", "sum", "answer", "table", "sources", "code"].map((name) => [name, part(name)]));
    this.canvas = dialog.querySelector("canvas");
    part("close").addEventListener("click", () => dialog.close());
    part("before").addEventListener("click", () => of.step(-1));
    part("after").addEventListener("click", () => of.step(1));
    part("copy").addEventListener("click", () => navigator.clipboard?.writeText(this.parts.code.textContent));
    dialog.addEventListener("close", () => of.closed());
  }

  /** @param {object} view - which has {sample, variable, model} */
  async show(dataset, columns, { sample: row, variable, model }) {
    this.row = row;
    const { parts } = this;
    parts.title.textContent = `${dataset.entry.reference}, sample ${row}`;
    parts.code.textContent = codeFor(dataset, row);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.dataset.sample = "";
    const [sample, known, said] = await Promise.all([
      dataset.sample(variable, row),
      knownOf(dataset, row),
      saidOf(dataset, columns, row),
    ]);
    if (this.row !== row) return; // another was asked for meanwhile
    const drawn = this.of.paint(this.canvas, row);
    this.canvas.hidden = !drawn;
    this.canvas.setAttribute("aria-label", `${variable} of sample ${row}`);
    parts.sum.textContent = summary(sample, dataset, variable, drawn);
    parts.answer.textContent = model ? `${model}: ${said}` : "";
    parts.table.replaceChildren(...known.ofSample.map(tableRow));
    parts.sources.replaceChildren(...sourceRows(known));
    parts.sources.parentElement.hidden = !known.ofSource.length;
    this.dialog.dataset.sample = row;
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  repaint() {
    if (this.dialog.open && this.dialog.dataset.sample) this.of.paint(this.canvas, this.row);
  }
}

function codeFor({ entry, store }, row) {
  const place = store.href.replace(/\/$/, "");
  const filled = (line) => line.replaceAll("{row}", row).replaceAll("{next}", row + 1).replaceAll("{store}", place);
  return ["import skybench", "", ...entry.code.map(filled)].join("\n");
}

/** Sum, least and largest: what one compares with xarray. */
function summary({ values, shape }, dataset, variable, drawn) {
  let [sum, least, largest] = [0, Infinity, -Infinity];
  for (const value of values) {
    const number = Number(value);
    if (Number.isNaN(number)) continue;
    sum += number;
    least = Math.min(least, number);
    largest = Math.max(largest, number);
  }
  const units = dataset.about(variable).units ?? "";
  const form = `${variable} (${dataset.dims(variable).map((dim, axis) => `${dim} ${shape[axis]}`).join(", ")})`;
  const none = drawn ? "" : "There is no picture of this form. ";
  return `${none}${form}: sum ${exact(sum)}, from ${rounded(least)} to ${rounded(largest)} ${units}`;
}

function exact(sum) {
  return Number.isInteger(sum) ? String(sum) : String(Number(sum.toPrecision(9)));
}

async function saidOf(dataset, columns, row) {
  const of = columns.filter((column) => column.name.startsWith("model."));
  const texts = await Promise.all(
    of.map(async (column) => {
      const { values, choices } = await columnValues(dataset, column);
      const value = choices ? choices[values[row]] : rounded(values[row]);
      return value === undefined || value === "" ? "" : `${column.name.slice("model.".length)} ${value}`;
    }),
  );
  const said = texts.filter(Boolean).join(", ");
  return said || "was not asked about this sample, which is not in the test split";
}

/** Every coordinate of one sample: {ofSample, ofSource} with {name, units, about, texts}. */
async function knownOf(dataset, row) {
  const names = [...dataset.arrays.keys()].filter((name) => {
    return dataset.arrays.get(name).dimension_names[0] === SAMPLE && !dataset.variables.includes(name);
  });
  const found = await Promise.all(names.map((name) => oneRow(dataset, name, row)));
  return { ofSample: found.filter((one) => !one.slots), ofSource: found.filter((one) => one.slots) };
}

async function oneRow(dataset, name, row) {
  const { dimension_names: dims, shape, attributes } = dataset.arrays.get(name);
  const words = meanings(attributes);
  const { values } = await dataset.coordinate(name, row);
  const texts = Array.from(values, (value) => (words ? (words.get(Number(value)) ?? "") : rounded(Number(value))));
  const slots = dims[1] === SOURCE ? shape[1] : 0;
  const each = slots ? size(shape.slice(2)) : texts.length;
  const groups = Array.from({ length: texts.length / each }, (_, k) => texts.slice(k * each, (k + 1) * each));
  return { name, units: attributes.units ?? "", about: attributes.long_name ?? "", slots, texts: groups.map(joined) };
}

function joined(texts) {
  const shown = texts.slice(0, 16);
  return shown.every((text) => text === "") ? "" : shown.join(", ") + (texts.length > 16 ? ", …" : "");
}

function tableRow({ name, texts, units, about }) {
  return rowOf([name, texts[0] || "none", units === "1" ? "" : units, about]);
}

/** A table with a column a source; parameters that no source has, and empty slots, are left out. */
function sourceRows({ ofSource }) {
  const kind = ofSource.find(({ name }) => name === "kind");
  const slots = (ofSource[0]?.texts ?? []).map((_, slot) => slot).filter((slot) => !kind || kind.texts[slot] !== "empty");
  const told = ofSource.filter(({ texts }) => slots.some((slot) => texts[slot]));
  return told.map((one) => tableRow({ ...one, texts: [slots.map((slot) => one.texts[slot] || "none").join(" | ")] }));
}

function rowOf([name, ...cells]) {
  const row = document.createElement("tr");
  const head = Object.assign(document.createElement("th"), { textContent: name, scope: "row" });
  row.append(head, ...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return row;
}
