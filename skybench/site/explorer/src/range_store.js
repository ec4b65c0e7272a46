// A Zarr store on any static host. What a chunk file lacks is an error here, not a fill value, and
// every chunk is held against its checksum, which zarrita only cuts off.
import { registry } from "zarrita";

const encoder = new TextEncoder();

export class RangeStore {
  /**
   * @param {URL} url - of the Zarr group, with a slash at its end
   * @param {object} group - its consolidated metadata
   * @param {Set<string>} large - arrays of which ranges are read; files of the others are read whole and kept
   */
  constructor(url, group, large) {
    this.url = url;
    this.group = group;
    this.large = large;
    this.files = new Map();
  }

  async get(key) {
    const name = key.slice(1).replace(/\/?zarr\.json$/, "");
    if (key.endsWith("zarr.json")) return encoder.encode(JSON.stringify(this.#document(name)));
    return this.#whole(key);
  }

  async getRange(key, range) {
    if (!this.large.has(key.split("/")[1])) return taken(await this.#whole(key), range);
    const last = range.offset + range.length - 1;
    const asked = "suffixLength" in range ? `-${range.suffixLength}` : `${range.offset}-${last}`;
    const response = await fetched(this.#address(key), { headers: { Range: `bytes=${asked}` } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return response.status === 206 ? bytes : taken(bytes, range); // a server without ranges
  }

  #document(name) {
    return name ? this.group.consolidated_metadata.metadata[name] : this.group;
  }

  #address(key) {
    return new URL(key.slice(1), this.url);
  }

  #whole(key) {
    if (!this.files.has(key)) this.files.set(key, this.#read(key));
    return this.files.get(key);
  }

  async #read(key) {
    try {
      return new Uint8Array(await (await fetched(this.#address(key))).arrayBuffer());
    } catch (error) {
      this.files.delete(key); // to be asked for again
      throw error;
    }
  }
}

export async function fetchJson(url) {
  return (await fetched(url, { cache: "no-cache" })).json();
}

async function fetched(url, options = {}) {
  const response = await fetch(url, options).catch((error) => {
    throw new Error(`${url} cannot be read: ${error.message}`);
  });
  if (!response.ok) throw new Error(`${url} cannot be read: the server answers ${response.status}`);
  return response;
}

// A copy, since arrays of numbers must begin at a multiple of their size.
function taken(bytes, range) {
  if ("suffixLength" in range) return bytes.slice(bytes.length - range.suffixLength);
  return bytes.slice(range.offset, range.offset + range.length);
}

const CASTAGNOLI = 0x82f63b78;
const TABLES = crcTables();

/** Four tables of CRC-32C, so that four bytes go in one step. */
function crcTables() {
  const tables = Array.from({ length: 4 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ CASTAGNOLI : rest >>> 1;
    tables[0][byte] = rest;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let table = 1; table < 4; table++) {
      const before = tables[table - 1][byte];
      tables[table][byte] = (before >>> 8) ^ tables[0][before & 255];
    }
  }
  return tables;
}

export function crc32c(bytes) {
  const [first, second, third, fourth] = TABLES;
  let crc = 0xffffffff;
  let place = 0;
  for (; place + 4 <= bytes.length; place += 4) {
    crc ^= bytes[place] | (bytes[place + 1] << 8) | (bytes[place + 2] << 16) | (bytes[place + 3] << 24);
    crc = fourth[crc & 255] ^ third[(crc >>> 8) & 255] ^ second[(crc >>> 16) & 255] ^ first[crc >>> 24];
  }
  for (; place < bytes.length; place++) crc = (crc >>> 8) ^ first[(crc ^ bytes[place]) & 255];
  return ~crc >>> 0;
}

const CHECKED_CRC32C = {
  kind: "bytes_to_bytes",
  decode(bytes) {
    const end = bytes.length - 4;
    const data = bytes.subarray(0, end);
    const stored = new DataView(bytes.buffer, bytes.byteOffset + end, 4).getUint32(0, true);
    if (crc32c(data) !== stored) throw new Error("a chunk differs from its checksum: the copy is damaged");
    return data;
  },
  encode() {
    throw new Error("nothing is written here");
  },
  computeEncodedSize: (size) => size + 4,
};

registry.set("crc32c", () => ({ fromConfig: () => CHECKED_CRC32C }));
