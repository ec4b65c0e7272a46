// Coordinates as columns with one number or word a sample, by which samples are chosen and plotted.
// Of samples of several sources the value is that of the brightest one, in a classification of the
// sample's class where it has one, as in `skybench.evaluate(…).by(…)`.
import { MOST_STEPS, SAMPLE, SOURCE, meanings, size } from "./dataset.js";

const HIDDEN = new Set(["sample_id"]);
const THERE = new Map([[0, "no"], [1, "yes"]]);

/** What columns a dataset has: [{name, variable, place, units, about, words}]; nothing is read but names. */
export async function columnsOf(dataset) {
  const found = [];
  for (const [name, array] of dataset.arrays) {
    const dims = array.dimension_names;
    if (dims[0] !== SAMPLE || HIDDEN.has(name) || dataset.variables.includes(name)) continue;
    found.push(...(await steps(dataset, name)));
  }
  const first = ["label", "split"];
  const rank = (column) => (first.indexOf(column.name) + first.length + 1) % (first.length + 1);
  return found.sort((one, other) => rank(one) - rank(other));
}

async function steps(dataset, name) {
  const { dimension_names: dims, shape, attributes, data_type: type } = dataset.arrays.get(name);
  const further = dims.map((dim, axis) => ({ dim, axis })).filter(({ dim }) => dim !== SAMPLE && dim !== SOURCE);
  const sizes = further.map(({ axis }) => shape[axis]);
  if (size(sizes) > MOST_STEPS) return [];
  const labels = await Promise.all(further.map(({ dim, axis }) => dataset.labels(dim, shape[axis])));
  const isFlag = further.length > 0 && type === "int8" && !attributes.flag_values;
  return Array.from({ length: size(sizes) }, (_, place) => {
    const words = at(labels, sizes, place);
    return {
      name: [name, ...words].join("_"),
      variable: name,
      place,
      units: attributes.units && attributes.units !== "1" ? attributes.units : "",
      about: [attributes.long_name ?? name, ...words].join(": "),
      words: isFlag ? THERE : meanings(attributes),
    };
  });
}

function at(labels, sizes, place) {
  const words = [];
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    words.unshift(labels[axis][place % sizes[axis]]);
    place = Math.floor(place / sizes[axis]);
  }
  return words;
}

/**
 * The values of a column: numbers as Float64Array, NaN where there is none; of words the places in
 * `choices`, -1 where there is none. Read once.
 */
export function columnValues(dataset, column) {
  if (!dataset.columns.has(column.name)) dataset.columns.set(column.name, read(dataset, column));
  return dataset.columns.get(column.name);
}

async function read(dataset, column) {
  const { data, shape } = await dataset.whole(column.variable);
  const dims = dataset.arrays.get(column.variable).dimension_names;
  const along = dims.indexOf(SOURCE);
  const slots = along < 0 ? 1 : shape[along];
  const subject = along < 0 ? () => 0 : await subjects(dataset);
  const width = size(shape.slice(1));
  const each = width / slots;
  const taken = (row) => Number(data[row * width + subject(row) * each + column.place]);
  const values = Float64Array.from({ length: shape[0] }, (_, row) => taken(row));
  return column.words ? asWords(values, column.words) : { values };
}

function asWords(codes, words) {
  const choices = [...words.values()];
  const places = new Map([...words.keys()].map((code, place) => [code, place]));
  return { choices, values: Float64Array.from(codes, (code) => places.get(code) ?? -1) };
}

/** Return the function from a row to the slot of its subject. */
function subjects(dataset) {
  if (!dataset.subjects) dataset.subjects = findSubjects(dataset);
  return dataset.subjects;
}

async function findSubjects(dataset) {
  const names = ["kind", "source_class", "label", "flux"].filter((name) => dataset.arrays.has(name));
  const read = await Promise.all(names.map((name) => dataset.whole(name)));
  const found = Object.fromEntries(names.map((name, place) => [name, read[place]]));
  if (found.kind?.shape.length !== 2) return () => 0;
  const [samples, slots] = found.kind.shape;
  const empty = [...meanings(dataset.about("kind"))].find(([, word]) => word === "empty")?.[0];
  const chosen = Uint16Array.from({ length: samples }, (_, row) => {
    const places = Array.from({ length: slots }, (_, slot) => row * slots + slot);
    return brightest(candidates(found, row, places, empty), found.flux) - row * slots;
  });
  return (row) => chosen[row];
}

/** The sources of a row, of the sample's own class if there are some. */
function candidates({ kind, source_class: owner, label }, row, places, empty) {
  const there = places.filter((place) => kind.data[place] !== empty);
  const own = owner && label ? there.filter((place) => owner.data[place] === label.data[row]) : [];
  return own.length ? own : there.length ? there : places;
}

function brightest(places, flux) {
  const light = (place) => (flux && !Number.isNaN(flux.data[place]) ? flux.data[place] : -Infinity);
  return places.reduce((best, place) => (light(place) > light(best) ? place : best));
}
