// Blosc 1 with LZ4, as skybench compresses, without WebAssembly: a page may then forbid the making
// of code, and the bundle is a tenth as large.
//
// https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

const SHUFFLED = 1;
const STORED = 2;
const BIT_SHUFFLED = 4;
const WHOLE_BLOCKS = 16;
const LZ4 = 1;
const HEADER_BYTES = 16;

/** The bytes that a Blosc buffer holds. */
export function decompress(buffer) {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const flags = buffer[2];
  const typeSize = buffer[3];
  const [bytes, blockBytes] = [view.getInt32(4, true), view.getInt32(8, true)];
  if (flags & STORED) return buffer.slice(HEADER_BYTES, HEADER_BYTES + bytes);
  if (flags >> 5 !== LZ4) throw new Error("a chunk is compressed by another codec than skybench's");
  const out = new Uint8Array(bytes);
  const unshuffle = flags & BIT_SHUFFLED ? bitUnshuffle : flags & SHUFFLED ? byteUnshuffle : copy;
  const packed = new Uint8Array(Math.min(blockBytes, bytes));
  for (let block = 0; block * blockBytes < bytes; block++) {
    const begin = block * blockBytes;
    const length = Math.min(blockBytes, bytes - begin);
    const parts = flags & WHOLE_BLOCKS || length < blockBytes ? 1 : typeSize;
    const target = packed.subarray(0, length);
    readBlock(buffer, view, view.getInt32(HEADER_BYTES + 4 * block, true), target, parts);
    unshuffle(target, out.subarray(begin, begin + length), typeSize);
  }
  return out;
}

function readBlock(buffer, view, place, target, parts) {
  const length = target.length / parts;
  for (let part = 0; part < parts; part++) {
    const size = view.getInt32(place, true);
    const data = buffer.subarray(place + 4, place + 4 + size);
    const into = target.subarray(part * length, (part + 1) * length);
    if (size === length) into.set(data);
    else unpackLz4(data, into);
    place += 4 + size;
  }
}

function unpackLz4(data, out) {
  let [from, to] = [0, 0];
  while (from < data.length) {
    const token = data[from++];
    let literals = token >> 4;
    if (literals === 15) for (let more = 255; more === 255; literals += more) more = data[from++];
    for (const end = from + literals; from < end; ) out[to++] = data[from++];
    if (from >= data.length) break;
    const distance = data[from] | (data[from + 1] << 8);
    from += 2;
    let matched = (token & 15) + 4;
    if (matched === 19) for (let more = 255; more === 255; matched += more) more = data[from++];
    if (distance === 0 || distance > to || to + matched > out.length) throw new Error("a chunk is damaged");
    for (const end = to + matched; to < end; to++) out[to] = out[to - distance];
  }
  if (to !== out.length) throw new Error("a chunk is damaged");
}

function copy(data, out) {
  out.set(data);
}

function byteUnshuffle(data, out, typeSize) {
  const count = Math.floor(data.length / typeSize);
  for (let byte = 0; byte < typeSize; byte++) {
    for (let place = 0; place < count; place++) out[place * typeSize + byte] = data[byte * count + place];
  }
  out.set(data.subarray(count * typeSize), count * typeSize);
}

/**
 * Of each byte of an element, and each bit of that, there is a row with a bit an element. Eight
 * bytes, of eight rows, are bytes of eight elements after their 8 by 8 bits are transposed (Warren,
 * Hacker's Delight, 7-3). Numbers of elements that eight does not divide are not shuffled.
 */
function bitUnshuffle(data, out, typeSize) {
  const rowBytes = data.length / typeSize / 8;
  if (!Number.isInteger(rowBytes)) return copy(data, out);
  for (let byte = 0; byte < typeSize; byte++) {
    const first = byte * 8 * rowBytes;
    for (let group = 0; group < rowBytes; group++) {
      let place = first + group;
      let low = data[place] | (data[(place += rowBytes)] << 8) | (data[(place += rowBytes)] << 16) | (data[(place += rowBytes)] << 24);
      let high = data[(place += rowBytes)] | (data[(place += rowBytes)] << 8) | (data[(place += rowBytes)] << 16) | (data[place + rowBytes] << 24);
      if (!(low | high)) continue; // `out` is zero
      let swapped = (low ^ (low >>> 7)) & 0x00aa00aa;
      low ^= swapped ^ (swapped << 7);
      swapped = (high ^ (high >>> 7)) & 0x00aa00aa;
      high ^= swapped ^ (swapped << 7);
      swapped = (low ^ (low >>> 14)) & 0x0000cccc;
      low ^= swapped ^ (swapped << 14);
      swapped = (high ^ (high >>> 14)) & 0x0000cccc;
      high ^= swapped ^ (swapped << 14);
      const one = (low & 0x0f0f0f0f) | ((high & 0x0f0f0f0f) << 4);
      const other = ((low >>> 4) & 0x0f0f0f0f) | (high & 0xf0f0f0f0);
      let target = group * 8 * typeSize + byte;
      for (let shift = 0; shift < 32; shift += 8, target += typeSize) out[target] = one >>> shift;
      for (let shift = 0; shift < 32; shift += 8, target += typeSize) out[target] = other >>> shift;
    }
  }
}
