// The memory of a layer as a strip that grows: a row is a unit, a column a step. Those that remember longest are at the top.

import { brief, h, onFrame, text, visible } from "../dom";
import type { Tensor } from "../frame";
import { changed, palette } from "../theme";

/** A layer, as the server tells of it. */
export interface LayerAbout {
  name: string;
  cell: string;
  units: number;
  states: string[];
  gates: string[];
  shares: string[]; // gates from 0 to 1
}

/** What a frame says of a strip; the arrays `strip`, `units` and `half_life` come with it. */
export interface MemorySaid {
  layers: LayerAbout[];
  layer: string;
  part: string;
  first: number;
  steps: number;
}

/** What is asked of the server: `first` is the first step that the page lacks. */
export interface MemoryAsked {
  layer: string;
  part: string;
  first: number;
}

export interface Unit {
  layer: string;
  unit: number;
  row: number;
}

const NAMES: Record<string, Record<string, string>> = {
  lstm: {
    h: "memory h",
    c: "cell c",
    i: "input gate i",
    f: "forget gate f",
    g: "candidate g",
    o: "output gate o",
  },
  gru: { h: "memory h", r: "reset gate r", z: "update gate z", n: "candidate n" },
  rnn: { h: "memory h" },
};
const WIDEST = 14; // pixels of a column
const GUTTER = 46;

export class MemoryStrip extends HTMLElement {
  /** What a step is called, by its number. */
  called: (step: number) => string = (step) => `step ${step + 1}`;
  /** Told when another layer or part is wanted. */
  onwant: () => void = () => {};
  /** Told when a unit is chosen. */
  onunit: (unit: Unit | null) => void = () => {};
  /** Told which step is pointed at. */
  onstep: (step: number | null) => void = () => {};

  private said: MemorySaid | null = null;
  private columns: Float32Array[] = [];
  private begin = 0; // the step of the first column
  private units: ArrayLike<number> = [];
  private lives: ArrayLike<number> | null = null;
  private chosen: Unit | null = null;
  private cursor: { step: number; row: number } | null = null;
  private want = { layer: "", part: "" };

  private readonly canvas = h("canvas", { tabindex: 0, role: "img" });
  private readonly tools = text("div", "tools");
  private readonly reading = h("output", { class: "reading" });
  private readonly image = document.createElement("canvas");
  private readonly draw = onFrame(() => this.paint());
  private readonly sized = new ResizeObserver(() => this.draw());

  connectedCallback(): void {
    if (!this.canvas.isConnected) {
      this.append(this.tools, text("div", "canvas", this.canvas), this.reading);
      this.canvas.addEventListener("pointermove", (event) => this.point(event));
      this.canvas.addEventListener("pointerleave", () => this.aim(null));
      this.canvas.addEventListener("click", () => this.choose());
      this.canvas.addEventListener("keydown", (event) => this.key(event));
      this.read();
    }
    this.sized.observe(this.canvas);
    changed.addEventListener("change", this.draw);
  }

  disconnectedCallback(): void {
    this.sized.disconnect();
    changed.removeEventListener("change", this.draw);
  }

  /** What to ask the server for: the part that is shown, from the first step that changed. */
  asked(first = 0): MemoryAsked {
    return { ...this.want, first };
  }

  /** How many steps it has, counted from the first that was read. */
  get steps(): number {
    return this.begin + this.columns.length;
  }

  get unit(): Unit | null {
    return this.chosen;
  }

  /** The value of the chosen unit at a step, as far as it is known. */
  value(step: number): number | null {
    return this.chosen ? (this.columns[step - this.begin]?.[this.chosen.row] ?? null) : null;
  }

  /** How large the values are that are drawn in full colour. */
  get most(): number {
    if (this.shares) return 1;
    let most = 1e-6;
    for (const column of this.columns) for (const v of column) most = Math.max(most, Math.abs(v));
    return this.said && this.said.part === "h" && this.said.layers[0]?.gates.length ? 1 : most;
  }

  /** Take a frame; columns from its first on are new. */
  take(said: MemorySaid, tensors: Record<string, Tensor>): void {
    const strip = tensors.strip;
    if (!strip) return;
    const other = said.layer !== this.said?.layer || said.part !== this.said?.part;
    const [steps = 0, rows = 0] = strip.shape;
    if (other || said.first < this.begin || said.first > this.begin + this.columns.length) {
      this.columns = [];
      this.begin = said.first;
    }
    this.columns.length = Math.min(this.columns.length, said.first - this.begin);
    const values = strip.data as Float32Array;
    for (let t = 0; t < steps; t++) this.columns.push(values.subarray(t * rows, (t + 1) * rows));
    const spare = this.columns.length - 2000;
    if (spare > 0) {
      this.columns.splice(0, spare);
      this.begin += spare;
    }
    this.units = tensors.units?.data ?? [];
    this.lives = tensors.half_life?.data ?? null;
    const fresh = !this.said || JSON.stringify(this.said.layers) !== JSON.stringify(said.layers);
    this.said = said;
    this.want = { layer: said.layer, part: said.part };
    if (fresh || other) this.toolbar();
    if (this.chosen && this.chosen.layer !== said.layer) this.pick(null);
    this.read();
    this.draw();
  }

  clear(): void {
    this.columns = [];
    this.begin = 0;
    this.draw();
  }

  private get layer(): LayerAbout | undefined {
    return this.said?.layers.find((one) => one.name === this.said?.layer);
  }

  private get shares(): boolean {
    return !!this.layer && this.layer.shares.includes(this.said!.part);
  }

  // ---- tools

  private toolbar(): void {
    const { said, layer } = this;
    if (!said || !layer) return;
    const names = NAMES[layer.cell] ?? {};
    const parts = [...layer.states, ...layer.gates.filter((gate) => !layer.states.includes(gate))];
    const buttons = parts.map((part) =>
      h(
        "button",
        { type: "button", "aria-pressed": String(part === said.part) },
        {
          onclick: () => {
            this.want = { layer: said.layer, part };
            this.onwant();
          },
        },
        names[part] ?? part,
      ),
    );
    const layers =
      said.layers.length > 1 &&
      h(
        "select",
        { "aria-label": "Layer" },
        {
          onchange: (event) => {
            this.want = { layer: (event.target as HTMLSelectElement).value, part: said.part };
            this.onwant();
          },
        },
        ...said.layers.map((one) =>
          h("option", { value: one.name, selected: one.name === said.layer }, {}, titled(one, said.layers)),
        ),
      );
    this.tools.replaceChildren(
      ...[
        layers,
        h("div", { class: "segments", role: "group", "aria-label": "What is shown" }, {}, ...buttons),
      ].filter((one) => !!one),
    );
  }

  // ---- where somebody points

  private place(event: PointerEvent): { step: number; row: number } | null {
    const box = this.canvas.getBoundingClientRect();
    const { width, shown, from } = this.fit(box.width);
    const column = Math.floor((event.clientX - box.left - GUTTER) / width);
    const rows = this.columns[0]?.length ?? 0;
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    if (column < 0 || column >= shown || row < 0 || row >= rows) return null;
    return { step: this.begin + from + column, row };
  }

  private point(event: PointerEvent): void {
    this.aim(this.place(event));
  }

  private aim(cursor: { step: number; row: number } | null): void {
    this.cursor = cursor;
    this.onstep(cursor?.step ?? null);
    this.read();
    this.draw();
  }

  private choose(): void {
    if (!this.cursor || !this.said) return;
    const unit = Number(this.units[this.cursor.row]);
    this.pick(
      this.chosen?.unit === unit && this.chosen.layer === this.said.layer
        ? null
        : { layer: this.said.layer, unit, row: this.cursor.row },
    );
  }

  private pick(unit: Unit | null): void {
    this.chosen = unit;
    this.onunit(unit);
    this.read();
    this.draw();
  }

  private key(event: KeyboardEvent): void {
    const last = this.begin + this.columns.length - 1;
    const rows = this.columns[0]?.length ?? 0;
    if (!rows) return;
    const at = this.cursor ?? { step: last, row: 0 };
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      this.aim({
        step: Math.max(this.begin, Math.min(last, at.step + (this.cursor ? move[0] : 0))),
        row: Math.max(0, Math.min(rows - 1, at.row + (this.cursor ? move[1] : 0))),
      });
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose();
    } else if (event.key === "Escape") this.aim(null);
  }

  // ---- what is said and drawn

  private read(): void {
    const { said, layer, cursor } = this;
    if (!said || !layer || !this.columns.length) {
      this.reading.textContent = "The strip grows with every step that the model reads.";
      this.canvas.setAttribute("aria-label", "The memory: nothing was read yet");
      return;
    }
    const rows = this.columns[0]!.length;
    const some = rows < layer.units ? `, ${rows} of them shown` : "";
    const sorted = this.lives ? "; those that remember longest at the top" : "";
    this.canvas.setAttribute(
      "aria-label",
      `The memory after ${this.begin + this.columns.length} steps: ${layer.units} units${some}${sorted}. Arrow keys move, Enter chooses a unit.`,
    );
    const lines: string[] = [];
    const row = cursor?.row ?? this.chosen?.row;
    if (row !== undefined) {
      lines.push(`unit ${this.units[row]}`);
      const life = this.lives?.[row];
      if (life !== undefined) lines.push(`half-life ${life >= 1e6 ? "endless" : `${brief(life)} steps`}`);
      if (cursor) {
        const value = this.columns[cursor.step - this.begin]?.[row];
        if (value !== undefined)
          lines.push(`${said.part} = ${value.toFixed(2)} after “${visible(this.called(cursor.step))}”`);
      }
    } else {
      lines.push(`${layer.units} units${some}`);
      lines.push(this.shares ? "pale: shut, full: open" : "blue: above 0, orange: below");
      lines.push("click a row to follow a unit");
    }
    this.reading.textContent = lines.join("  ·  ");
  }

  private fit(box: number): { width: number; shown: number; from: number } {
    const room = Math.max(1, box - GUTTER);
    const width = Math.max(1, Math.min(WIDEST, room / Math.max(1, this.columns.length)));
    const shown = Math.min(this.columns.length, Math.floor(room / width));
    return { width, shown, from: this.columns.length - shown };
  }

  private paint(): void {
    const box = this.canvas.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    const wide = Math.max(1, Math.round(box.width * ratio));
    const high = Math.max(1, Math.round(box.height * ratio));
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas.width = wide;
      this.canvas.height = high;
    }
    const context = this.canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, box.width, box.height);
    const rows = this.columns[0]?.length ?? 0;
    if (!rows) return;
    const { width, shown, from } = this.fit(box.width);
    this.image.width = shown;
    this.image.height = rows;
    const inner = this.image.getContext("2d")!;
    const pixels = inner.createImageData(shown, rows);
    const colours = new Uint32Array(pixels.data.buffer);
    const table = palette(this.shares ? "share" : "signed");
    const scale = this.shares ? 255 : 127.5 / this.most;
    const zero = this.shares ? 0 : 127.5;
    for (let t = 0; t < shown; t++) {
      const column = this.columns[from + t]!;
      for (let r = 0; r < rows; r++) {
        const at = zero + column[r]! * scale;
        colours[r * shown + t] = table[at < 0 ? 0 : at > 255 ? 255 : Math.round(at)]!;
      }
    }
    inner.putImageData(pixels, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.image, GUTTER, 0, shown * width, box.height);
    const style = getComputedStyle(this);
    this.scale(context, box.height, rows, style);
    this.mark(context, box.height, rows, width, from, shown, style);
  }

  /** The half-lives at the left: of the first row, of the one in the middle, of the last. */
  private scale(
    context: CanvasRenderingContext2D,
    high: number,
    rows: number,
    style: CSSStyleDeclaration,
  ): void {
    if (!this.lives) return;
    context.fillStyle = style.getPropertyValue("--soft");
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    for (const [row, y] of [
      [0, 9],
      [Math.floor(rows / 2), high / 2 + 4],
      [rows - 1, high - 2],
    ] as const) {
      const life = this.lives[row];
      if (life !== undefined) context.fillText(life >= 1e6 ? "∞" : brief(life), GUTTER - 8, y);
    }
  }

  private mark(
    context: CanvasRenderingContext2D,
    high: number,
    rows: number,
    width: number,
    from: number,
    shown: number,
    style: CSSStyleDeclaration,
  ): void {
    const each = high / rows;
    context.lineWidth = 1.5;
    if (this.chosen) {
      context.strokeStyle = style.getPropertyValue("--ink");
      context.strokeRect(GUTTER - 1, this.chosen.row * each - 1, shown * width + 2, Math.max(3, each) + 2);
    }
    if (this.cursor) {
      context.strokeStyle = style.getPropertyValue("--soft");
      const x = GUTTER + (this.cursor.step - this.begin - from) * width;
      context.strokeRect(x, 0, width, high);
      context.strokeRect(GUTTER, this.cursor.row * each, shown * width, Math.max(2, each));
    }
  }
}
customElements.define("memory-strip", MemoryStrip);

/** A layer in words: its name is program.operation.number, and _reverse where it reads from the end. */
function titled(one: LayerAbout, layers: LayerAbout[]): string {
  const encodes = (layer: LayerAbout) => layer.name.startsWith("encode.");
  const alike = layers.filter((other) => encodes(other) === encodes(one) && !other.name.endsWith("_reverse"));
  const back = one.name.endsWith("_reverse");
  const at = alike.findIndex((other) => other.name === one.name.replace(/_reverse$/, "")) + 1;
  const part = !layers.some(encodes) ? "layer" : encodes(one) ? "encoder" : "decoder";
  return `${part} ${at}${back ? ", from the end" : ""}`;
}
