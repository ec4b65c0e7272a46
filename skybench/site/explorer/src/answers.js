// What a model answered for the test split, as further columns: model.answer, model.outcome, …
import { fetchJson } from "./range_store.js";

const ABOUT = {
  answer: "what the model answers",
  outcome: "whether the model is right",
  confidence: "probability of the model's answer; where classes may occur together, the largest against the truth",
  error: "how far the model is off; in a regression in units of the variance, squared",
};

/**
 * @param {object} dataset - gets the values of the columns
 * @param {object} model - of datasets.json
 * @param {URL} page
 * @returns {Promise<object[]>} columns, as `columnsOf`
 */
export async function answerColumns(dataset, model, page) {
  const { rows, columns } = await fetchJson(new URL(model.answers, page));
  return Object.entries(columns).map(([name, values]) => {
    const isWord = typeof values[0] === "string";
    const choices = isWord ? [...new Set(values)].sort() : undefined;
    const spread = new Float64Array(dataset.samples).fill(isWord ? -1 : NaN);
    values.forEach((value, place) => {
      spread[rows[place]] = isWord ? choices.indexOf(value) : value;
    });
    const column = { name: `model.${name}`, units: "", about: ABOUT[name] ?? name, words: choices };
    dataset.columns.set(column.name, Promise.resolve({ choices, values: spread }));
    return column;
  });
}
