// Decoded chunks: the last used stay, up to a number of bytes, and of those that are waited for the
// ones in view come first.
const MOST_BYTES = 256e6;
const AT_ONCE = 4;

export class ChunkCache {
  /** @param {function(string, number): Promise<TypedArray>} read - a chunk of a variable */
  constructor(read) {
    this.read_ = read;
    this.kept = new Map(); // in the order of their use
    this.bytes = 0;
    this.coming = new Map();
    this.wanted = [];
    this.onArrival = () => {};
    this.onError = () => {};
  }

  atHand(name, number) {
    const key = `${name}/${number}`;
    const chunk = this.kept.get(key);
    if (chunk === undefined) return undefined;
    this.kept.delete(key);
    this.kept.set(key, chunk);
    return chunk;
  }

  async read(name, number) {
    return this.atHand(name, number) ?? this.#started(name, number);
  }

  want(name, numbers) {
    this.wanted = numbers.map((number) => [name, number]);
    this.#next();
  }

  #next() {
    while (this.coming.size < AT_ONCE && this.wanted.length) {
      const [name, number] = this.wanted.shift();
      const key = `${name}/${number}`;
      if (this.kept.has(key) || this.coming.has(key)) continue;
      this.#started(name, number).then(() => this.onArrival(), (error) => this.onError(error));
    }
  }

  #started(name, number) {
    const key = `${name}/${number}`;
    if (!this.coming.has(key)) {
      const reading = this.read_(name, number).then((chunk) => this.#keep(key, chunk));
      this.coming.set(key, reading);
      const done = () => {
        this.coming.delete(key);
        this.#next();
      };
      reading.then(done, done);
    }
    return this.coming.get(key);
  }

  #keep(key, chunk) {
    this.kept.set(key, chunk);
    this.bytes += chunk.byteLength;
    for (const [old, values] of this.kept) {
      if (this.bytes <= MOST_BYTES || old === key) break;
      this.kept.delete(old);
      this.bytes -= values.byteLength;
    }
    return chunk;
  }
}
