// The matching samples as a grid of pictures. Only the rows in view, and a few around, are elements.
const AROUND = 2;
const CAPTION = 20; // screen pixels of a cell below its picture

export class Grid {
  /**
   * @param {HTMLElement} frame - that scrolls
   * @param {object} of - {paint(cell, row) -> whether it could; want(rows); caption(row); open(row)}
   */
  constructor(frame, of) {
    this.frame = frame;
    this.of = of;
    this.sheet = frame.querySelector("[role=grid]");
    this.rows = new Map();
    this.spare = []; // rows out of view, to be used again: making canvases is slow
    this.samples = new Uint32Array(0);
    this.size = 96;
    this.current = 0;
    frame.addEventListener("scroll", () => this.#soon());
    new ResizeObserver(() => this.layOut()).observe(frame);
    this.sheet.addEventListener("click", (event) => this.#clicked(event));
    this.sheet.addEventListener("keydown", (event) => this.#pressed(event));
    this.sheet.addEventListener("focusin", (event) => this.#focused(event));
  }

  /** Show other samples, from the first on. */
  show(samples) {
    this.samples = samples;
    this.current = 0;
    this.frame.scrollTop = 0;
    this.layOut();
  }

  layOut() {
    this.columns = Math.max(1, Math.floor(this.frame.clientWidth / this.size));
    this.cell = Math.floor(this.frame.clientWidth / this.columns); // at least this.size, if there is room
    const count = Math.ceil(this.samples.length / this.columns);
    this.sheet.style.height = `${count * this.#step}px`;
    this.sheet.setAttribute("aria-rowcount", count);
    this.sheet.setAttribute("aria-colcount", this.columns);
    this.#clear();
    this.#refresh();
  }

  /** Paint what could not be painted before. */
  fill() {
    for (const element of this.sheet.querySelectorAll("[aria-busy=true]")) this.#paint(element);
  }

  repaint() {
    for (const element of this.sheet.querySelectorAll("[role=gridcell]:not([hidden])")) this.#paint(element);
  }

  /** Bring the place of a sample among those shown into view, and give it the focus if asked. */
  reveal(place, focus = false) {
    this.current = Math.max(0, Math.min(place, this.samples.length - 1));
    const top = Math.floor(this.current / this.columns) * this.#step;
    const { scrollTop, clientHeight } = this.frame;
    if (top < scrollTop) this.frame.scrollTop = top;
    else if (top + this.#step > scrollTop + clientHeight) this.frame.scrollTop = top + this.#step - clientHeight;
    this.#refresh();
    this.#mark();
    if (focus) this.#cell(this.current)?.focus({ preventScroll: true });
  }

  get #step() {
    return this.cell + CAPTION;
  }

  #soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.#refresh();
    });
  }

  #clear() {
    this.sheet.replaceChildren();
    this.rows.clear();
    this.spare = [];
  }

  #refresh() {
    if (!this.samples.length) return;
    const { scrollTop, clientHeight } = this.frame;
    const last = Math.ceil(this.samples.length / this.columns) - 1;
    const first = Math.max(0, Math.floor(scrollTop / this.#step) - AROUND);
    const end = Math.min(last, Math.floor((scrollTop + clientHeight) / this.#step) + AROUND);
    this.of.want([...this.samples.subarray(first * this.columns, (end + 1) * this.columns)]);
    for (const [number, element] of this.rows) {
      if (number < first || number > end) this.#putAway(number, element);
    }
    for (let number = first; number <= end; number++) {
      if (!this.rows.has(number)) this.#add(number);
    }
    this.#mark();
  }

  #putAway(number, element) {
    // The focus stays in the grid, so that an arrow key goes on from where it was.
    if (element.contains(document.activeElement)) this.sheet.focus({ preventScroll: true });
    element.remove();
    this.rows.delete(number);
    this.spare.push(element);
  }

  #add(number) {
    const element = this.spare.pop() ?? this.#newRow();
    element.setAttribute("aria-rowindex", number + 1);
    element.style.transform = `translateY(${number * this.#step}px)`;
    [...element.children].forEach((cell, column) => {
      const place = number * this.columns + column;
      cell.dataset.place = place;
      cell.tabIndex = -1;
      cell.hidden = place >= this.samples.length;
      if (!cell.hidden) this.#paint(cell);
    });
    const after = [...this.rows.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
    this.sheet.insertBefore(element, this.rows.get(after) ?? null); // read out in their order
    this.rows.set(number, element);
  }

  #newRow() {
    const element = document.createElement("div");
    element.setAttribute("role", "row");
    for (let column = 0; column < this.columns; column++) element.append(this.#newCell(column));
    return element;
  }

  #newCell(column) {
    const cell = document.createElement("div");
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colindex", column + 1);
    cell.style.width = `${this.cell}px`;
    const canvas = document.createElement("canvas");
    canvas.style.height = `${this.cell - 6}px`;
    const caption = document.createElement("span");
    cell.append(canvas, caption);
    return cell;
  }

  #paint(cell) {
    const row = this.samples[cell.dataset.place];
    const caption = this.of.caption(row);
    cell.querySelector("span").textContent = caption;
    cell.setAttribute("aria-label", `sample ${caption}`);
    cell.setAttribute("aria-busy", !this.of.paint(cell.querySelector("canvas"), row));
  }

  #cell(place) {
    return this.sheet.querySelector(`[data-place="${place}"]`);
  }

  /** Let the tabulator key come to one cell alone: the current one, or the first in view. */
  #mark() {
    for (const cell of this.sheet.querySelectorAll("[tabindex='0']")) cell.tabIndex = -1;
    const current = this.#cell(this.current) ?? this.sheet.querySelector("[role=gridcell]");
    if (current) current.tabIndex = 0;
  }

  #clicked(event) {
    const cell = event.target.closest("[role=gridcell]");
    if (cell) this.of.open(this.samples[cell.dataset.place]);
  }

  #focused(event) {
    const cell = event.target.closest("[role=gridcell]");
    if (!cell) return;
    this.current = Number(cell.dataset.place);
    this.#mark();
  }

  #pressed(event) {
    const page = this.columns * Math.max(1, Math.floor(this.frame.clientHeight / this.#step) - 1);
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.columns,
      ArrowUp: -this.columns,
      PageDown: page,
      PageUp: -page,
      Home: -this.current,
      End: this.samples.length,
    };
    if (event.key === "Enter" || event.key === " ") this.of.open(this.samples[this.current]);
    else if (event.key in steps) this.reveal(this.current + steps[event.key], true);
    else return;
    event.preventDefault();
  }
}
