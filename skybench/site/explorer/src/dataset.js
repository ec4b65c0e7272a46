// One version of a dataset: what its Zarr group says of itself, its coordinates as columns with one
// value a sample, and the data of single samples.
import * as zarr from "zarrita";
import { ChunkCache } from "./chunk_cache.js";
import "./codecs.js";
import { RangeStore, fetchJson } from "./range_store.js";

const SAMPLE = "sample";
const SOURCE = "source";
const MOST_STEPS = 16; // of a coordinate, such as one a band; what has more is data

/**
 * @param {object} entry - of datasets.json
 * @param {URL} store - that its keys are relative to
 */
export async function openDataset(entry, store) {
  const url = new URL(`${entry.zarr}/`, store);
  const group = await fetchJson(new URL("zarr.json", url));
  return new Dataset(entry, store, url, group);
}

class Dataset {
  constructor(entry, store, url, group) {
    this.entry = entry;
    this.store = store;
    this.attributes = group.attributes;
    this.arrays = new Map(Object.entries(group.consolidated_metadata.metadata));
    this.samples = entry.samples;
    this.variables = [...this.arrays.keys()].filter((name) => this.#isData(name));
    this.root = zarr.root(new RangeStore(url, group, new Set(this.variables)));
    this.opened = new Map();
    this.columns = new Map();
    this.chunks = new ChunkCache((name, number) => this.#readChunk(name, number));
  }

  /** The names of the dimensions of one sample of a variable. */
  dims(name) {
    return this.arrays.get(name).dimension_names.slice(1);
  }

  /** What the metadata say of a variable or coordinate. */
  about(name) {
    return this.arrays.get(name).attributes;
  }

  /** One sample of a variable, at once where it is at hand, else undefined. */
  sampleAtHand(name, row) {
    const rows = this.#chunkRows(name);
    const chunk = this.chunks.atHand(name, Math.floor(row / rows));
    return chunk && this.#cut(name, chunk, row % rows);
  }

  /** Ask for samples: those that were asked for before and have not begun to come are forgotten. */
  want(name, samples) {
    const rows = this.#chunkRows(name);
    return this.chunks.want(name, [...new Set(samples.map((row) => Math.floor(row / rows)))]);
  }

  /** One sample of a variable: {values, shape}. */
  async sample(name, row) {
    const rows = this.#chunkRows(name);
    const chunk = await this.chunks.read(name, Math.floor(row / rows));
    return this.#cut(name, chunk, row % rows);
  }

  /** One sample of a coordinate: {values, shape}; more of it is kept for the next. */
  async coordinate(name, row) {
    const rows = this.#chunkRows(name);
    return this.#cut(name, await this.#readChunk(name, Math.floor(row / rows)), row % rows);
  }

  /** All values of an array: {data, shape}. */
  async whole(name) {
    return zarr.get(await this.array(name));
  }

  array(name) {
    if (!this.opened.has(name)) {
      this.opened.set(name, zarr.open.v3(this.root.resolve(name), { kind: "array" }));
    }
    return this.opened.get(name);
  }

  /** What the steps along a dimension are called: g, r, z; or their numbers. */
  async labels(dim, size) {
    const words = this.arrays.has(dim) && meanings(this.about(dim));
    if (!words) return Array.from({ length: size }, (_, step) => String(step));
    return Array.from((await this.whole(dim)).data, (code) => words.get(code) ?? String(code));
  }

  #isData(name) {
    return this.arrays.get(name).dimension_names[0] === SAMPLE && !this.#coordinates().has(name);
  }

  #coordinates() {
    const said = [this.attributes, ...[...this.arrays.values()].map((array) => array.attributes)];
    return new Set(said.flatMap((attributes) => (attributes.coordinates ?? "").split(" ")));
  }

  #chunkRows(name) {
    const { codecs, chunk_grid: grid } = this.arrays.get(name);
    const sharding = codecs.find((codec) => codec.name === "sharding_indexed");
    return (sharding ?? grid).configuration.chunk_shape[0];
  }

  async #readChunk(name, number) {
    const array = await this.array(name);
    const chunk = await array.getChunk([number, ...array.shape.slice(1).map(() => 0)]);
    return chunk.data;
  }

  #cut(name, data, place) {
    const shape = this.arrays.get(name).shape.slice(1);
    const length = size(shape);
    return { values: data.subarray(place * length, (place + 1) * length), shape };
  }
}

export function size(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

/** What the codes of a CF flag variable mean; null where it is none. */
export function meanings(attributes) {
  if (!attributes.flag_values) return null;
  const words = attributes.flag_meanings.split(" ");
  return new Map(attributes.flag_values.map((code, place) => [code, words[place]]));
}

export { SAMPLE, SOURCE, MOST_STEPS };
