// A Zarr store on any static host. A chunk file that is not there is an error here, no fill value.

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
    const asked = "suffixLength" in range ? await this.#end(key, range.suffixLength) : between(range.offset, range.length);
    const response = await fetched(this.#address(key), { headers: { Range: `bytes=${asked}` } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return response.status === 206 ? bytes : taken(bytes, range); // a server without ranges
  }

  /**
   * How to ask for the last bytes of a file. By their number alone one may ask another host only
   * with its special leave, which static hosts do not give.
   */
  async #end(key, length) {
    if (this.url.origin === window.location.origin) return `-${length}`;
    const response = await fetched(this.#address(key), { method: "HEAD" });
    return between(Number(response.headers.get("Content-Length")) - length, length);
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

function between(offset, length) {
  return `${offset}-${offset + length - 1}`;
}

// A copy, since arrays of numbers must begin at a multiple of their size.
function taken(bytes, range) {
  if ("suffixLength" in range) return bytes.slice(bytes.length - range.suffixLength);
  return bytes.slice(range.offset, range.offset + range.length);
}
