// Which samples match: ranges of numbers, choices of words.
import { columnValues } from "./columns.js";

/**
 * @param {object} dataset
 * @param {object[]} columns
 * @param {Map<string, {low, high}|{words: string[]}>} where - by column
 * @returns {Promise<Uint32Array>} rows that match all
 */
export async function matching(dataset, columns, where) {
  const tests = await Promise.all(
    columns.filter((column) => where.has(column.name)).map((column) => test(dataset, column, where.get(column.name))),
  );
  const all = Uint32Array.from({ length: dataset.samples }, (_, row) => row);
  return tests.length ? all.filter((row) => tests.every((passes) => passes(row))) : all;
}

async function test(dataset, column, wanted) {
  const { values, choices } = await columnValues(dataset, column);
  if (!choices) return (row) => values[row] >= wanted.low && values[row] <= wanted.high;
  const places = new Set(wanted.words.map((word) => choices.indexOf(word)));
  return (row) => places.has(values[row]);
}

/**
 * The form of one filter.
 *
 * @param {object} dataset
 * @param {object} column
 * @param {object|undefined} wanted - what is chosen now
 * @param {function(object|null)} changed - is given what is chosen; null is all
 */
export async function filterForm(dataset, column, wanted, changed) {
  const { values, choices } = await columnValues(dataset, column);
  const form = document.createElement("fieldset");
  form.dataset.column = column.name;
  const legend = document.createElement("legend");
  legend.textContent = column.units ? `${column.name} [${column.units}]` : column.name;
  legend.title = column.about;
  form.append(legend, ...(choices ? boxes(values, choices, wanted, changed) : ends(column, values, wanted, changed)));
  return form;
}

function boxes(values, choices, wanted, changed) {
  const counts = new Array(choices.length).fill(0);
  for (const place of values) if (place >= 0) counts[place]++;
  const chosen = new Set(wanted?.words);
  return choices.flatMap((word, place) => {
    if (!counts[place]) return [];
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: chosen.has(word) });
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(word);
      else chosen.delete(word);
      changed(chosen.size ? { words: choices.filter((one) => chosen.has(one)) } : null);
    });
    label.append(box, ` ${word} `, small(counts[place].toLocaleString("en")));
    return [label];
  });
}

function ends(column, values, wanted, changed) {
  const [least, largest] = extent(values);
  const inputs = ["low", "high"].map((end) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "number", step: "any", placeholder: rounded(end === "low" ? least : largest) });
    input.setAttribute("aria-label", `${column.name}, ${end === "low" ? "from" : "to"}`);
    if (Number.isFinite(wanted?.[end])) input.value = wanted[end];
    return input;
  });
  const tell = () => {
    const [low, high] = inputs.map((input) => input.valueAsNumber);
    if (Number.isNaN(low) && Number.isNaN(high)) changed(null);
    else changed({ low: Number.isNaN(low) ? -Infinity : low, high: Number.isNaN(high) ? Infinity : high });
  };
  for (const input of inputs) input.addEventListener("change", tell);
  return [inputs[0], " to ", inputs[1]];
}

export function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** A number with as many digits as one reads. */
export function rounded(value) {
  if (!Number.isFinite(value)) return "";
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? String(value) : String(Number(value.toPrecision(4)));
}

function small(text) {
  return Object.assign(document.createElement("small"), { textContent: text });
}
