// The codecs of skybench's stores, in place of zarrita's: every chunk is held against its checksum,
// which zarrita only cuts off, and Blosc needs no WebAssembly.
import { registry } from "zarrita";
import { decompress } from "./blosc.js";

registry.set("blosc", () => ({ fromConfig: () => reading(decompress) }));
registry.set("crc32c", () => ({ fromConfig: () => reading(checked, (size) => size + 4) }));

function reading(decode, computeEncodedSize) {
  const encode = () => {
    throw new Error("nothing is written here");
  };
  return { kind: "bytes_to_bytes", decode, encode, computeEncodedSize };
}

function checked(bytes) {
  const end = bytes.length - 4;
  const data = bytes.subarray(0, end);
  const stored = new DataView(bytes.buffer, bytes.byteOffset + end, 4).getUint32(0, true);
  if (crc32c(data) !== stored) throw new Error("a chunk differs from its checksum: the copy is damaged");
  return data;
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

function crc32c(bytes) {
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
