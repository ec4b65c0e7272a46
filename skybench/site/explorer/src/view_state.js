// What is looked at, in the address: so that a view can be linked, and the back button goes back.
const WHERE = "where.";
const WORDS = ["dataset", "variable", "stretch", "band", "model", "x", "y", "colour"];
const NUMBERS = ["sample", "size"];

/** The view that an address means: a Map `where` of filters, and what else it has. */
export function readView(address) {
  const said = new URLSearchParams(address.search);
  for (const [key, value] of new URLSearchParams(address.hash.slice(1))) said.set(key, value);
  const view = { where: new Map() };
  for (const key of WORDS) if (said.get(key)) view[key] = said.get(key);
  for (const key of NUMBERS) if (/^\d+$/.test(said.get(key) ?? "")) view[key] = Number(said.get(key));
  for (const [key, value] of said) {
    if (key.startsWith(WHERE)) view.where.set(key.slice(WHERE.length), filterFrom(value));
  }
  return view;
}

export function viewText(view) {
  const said = new URLSearchParams();
  for (const key of [...WORDS, ...NUMBERS]) if (view[key] !== undefined) said.set(key, view[key]);
  for (const [name, wanted] of view.where) said.set(WHERE + name, filterText(wanted));
  return `#${said}`;
}

// Ranges are like 100..2000, either end of which may be missing; words are like star,spiral.
function filterFrom(text) {
  const range = /^(-?[\d.]*(?:e[-+]?\d+)?)\.\.(-?[\d.]*(?:e[-+]?\d+)?)$/i.exec(text);
  if (!range) return { words: text.split(",") };
  return { low: range[1] === "" ? -Infinity : Number(range[1]), high: range[2] === "" ? Infinity : Number(range[2]) };
}

function filterText({ words, low, high }) {
  if (words) return words.join(",");
  return `${Number.isFinite(low) ? low : ""}..${Number.isFinite(high) ? high : ""}`;
}
