/* What pages do beyond being read: the theme, copying, the leaderboard. All of it is optional. */
"use strict";

const THEME = "skybench-theme";
const root = document.documentElement;

function kept() {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null; // storage is refused, as in some private windows
  }
}

if (kept()) root.dataset.theme = kept(); // before the page is drawn

function isDark() {
  return root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
}

function offerTheme() {
  const button = document.querySelector(".theme");
  const name = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.hidden = false;
  button.setAttribute("aria-label", "Change between light and dark");
  name();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
    try {
      localStorage.setItem(THEME, root.dataset.theme);
    } catch { /* then it lasts as long as the page */ }
  });
}

function offerCopies() {
  if (!navigator.clipboard) return; // only pages that are served safely may write to it
  for (const button of document.querySelectorAll(".copy")) {
    const said = button.innerHTML;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      setTimeout(() => { button.innerHTML = said; }, 1500);
    });
  }
}

function fillStoreAddress() {
  for (const place of document.querySelectorAll(".store-address")) {
    const url = new URL(place.dataset.store, location.href);
    const address = url.protocol === "file:" ? decodeURIComponent(url.pathname) : url.href;
    place.textContent = address.replace(/\/$/, "");
  }
}

/* The leaderboard. */

function valueOf(row, column, kind) {
  const cell = row.cells[column];
  if (kind === "text") return cell.textContent.trim().toLowerCase();
  return cell.dataset.value ? Number(cell.dataset.value) : NaN;
}

function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b);
  if (Number.isNaN(a) || Number.isNaN(b)) return 0;
  return a - b;
}

function sortBy(table, head, ascending) {
  const column = head.cellIndex, kind = head.dataset.sort, body = table.tBodies[0];
  const missing = (row) => (Number.isNaN(valueOf(row, column, kind)) ? 1 : 0);
  const sign = ascending ? 1 : -1;
  const rows = [...body.rows].sort((a, b) => missing(a) - missing(b)
    || sign * compare(valueOf(a, column, kind), valueOf(b, column, kind)));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  body.append(...rows);
}

function offerSorting(table) {
  for (const head of table.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      // A first click shows the largest numbers, the best rank and the first words on top.
      const first = head.dataset.sort === "text" || head.cellIndex === 0;
      sortBy(table, head, was ? was !== "ascending" : first);
    });
  }
}

function offerFilter(table) {
  const text = document.getElementById("filter"), kind = document.getElementById("kind");
  const shown = document.getElementById("shown"), rows = [...table.tBodies[0].rows];
  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const said = row.dataset.text.toLowerCase();
      const isKind = !kind.value || row.dataset.kind === kind.value;
      row.hidden = !(isKind && words.every((word) => said.includes(word)));
    }
    shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  };
  text.addEventListener("input", filter);
  kind.addEventListener("change", filter);
  document.querySelector(".controls").addEventListener("submit", (event) => event.preventDefault());
  document.querySelector(".controls").hidden = false;
  filter();
}

function offerDifferences(table) {
  const against = document.getElementById("against");
  if (!against) return;
  const known = JSON.parse(document.getElementById("differences").textContent);
  against.addEventListener("change", () => {
    for (const cell of table.querySelectorAll(".difference")) cell.hidden = !against.value;
    for (const row of table.tBodies[0].rows) {
      const cell = row.querySelector(".difference");
      const found = known[row.dataset.name]?.[against.value];
      cell.dataset.value = found ? found[0] : "";
      cell.textContent = found ? `${found[1]}${found[2] ? "" : ", within chance"}` : "–";
      cell.classList.toggle("chance", Boolean(found) && !found[2]);
    }
  });
}

document.addEventListener("DOMContentLoaded", () => {
  offerTheme();
  offerCopies();
  fillStoreAddress();
  const table = document.getElementById("board");
  if (!table) return;
  offerSorting(table);
  offerFilter(table);
  offerDifferences(table);
});
