// `handwrite`: the pen writes as you watch, and shows which letter it looked at.

import { colour, h, onFrame, text } from "../dom";
import { Latest } from "../live";
import { type MemoryAsked, type MemorySaid, MemoryStrip } from "../parts/memory";
import { changed } from "../theme";
import { LivePage } from "./page";

interface About {
  says: boolean; // whether it writes a text, or draws freely
  example: string;
}

type Calls = {
  // points as they are drawn: `moves`; at the end the letters, `attention`, and the strip
  write: {
    asks: { text: string; bias: number; seed: number; memory: MemoryAsked };
    gives: { pieces: string[]; memory: MemorySaid };
  };
  look: { asks: { memory: MemoryAsked }; gives: { memory: MemorySaid } };
};

const PACE = 3; // points a frame of the screen

export class HandwritePage extends LivePage<About, Calls> {
  private points: { x: number; y: number; up: boolean }[] = [];
  private shown = 0; // points that were drawn so far
  private letters: number[] = []; // which letter each point belongs to
  private aim: number | null = null;
  private seed = 1;
  private says = true;
  private readonly writes = new Latest(() => this.live.stop());
  private readonly canvas = h("canvas", {
    class: "paper",
    role: "img",
    "aria-label": "Nothing is written yet",
  });
  private readonly line = h("input", { type: "text", "aria-label": "Text to write", maxlength: 200 });
  private readonly bias = h("input", {
    type: "range",
    min: 0,
    max: 3,
    step: 0.1,
    value: 1,
    "aria-label": "How tidy",
  });
  private readonly pieces = h("div", { class: "words", role: "group", "aria-label": "Letters" });
  private readonly memory = new MemoryStrip();
  private readonly draw = onFrame(() => this.paint());
  private readonly sized = new ResizeObserver(() => this.draw());

  protected build(): void {
    this.memory.called = (step) => (step ? `point ${step}` : "the beginning");
    this.memory.onwant = () =>
      this.writes.run(async () => {
        const part = await this.live.one("look", { memory: this.memory.asked() });
        if (part.memory) this.memory.take(part.memory, part.tensors);
      });
    changed.addEventListener("change", this.draw);
    this.sized.observe(this.canvas);
    this.bias.onchange = () => this.write();
    const form = h(
      "form",
      { class: "row" },
      {
        onsubmit: (event) => {
          event.preventDefault();
          this.seed++;
          this.write();
        },
      },
      this.line,
      h("label", { class: "row soft" }, {}, "careless", this.bias, "tidy"),
      h("button", { class: "primary" }, {}, "Write"),
    );
    this.append(
      h("section", { class: "card wide", "aria-label": "Pen" }, {}, form, this.canvas, this.pieces),
      h("section", { class: "card wide", "aria-label": "Memory" }, {}, text("h2", "", "Memory"), this.memory),
    );
  }

  protected opened(about: About): void {
    this.says = about.says;
    this.line.hidden = !about.says;
    this.line.value ||= about.example;
    this.write();
  }

  private write(): void {
    const said = this.line.value;
    if (this.says && !said.trim()) return;
    this.writes.run(async () => {
      this.points = [];
      this.letters = [];
      this.shown = 0;
      this.aim = null;
      this.pieces.replaceChildren();
      const asks = {
        text: said,
        bias: Number(this.bias.value),
        seed: this.seed,
        memory: this.memory.asked(),
      };
      await this.live.ask("write", asks, ({ tensors, ...part }) => {
        if (tensors.moves) this.more(tensors.moves.data);
        if (part.pieces) this.lettered(part.pieces, tensors.attention?.data);
        if (part.memory) this.memory.take(part.memory, tensors);
      });
      this.canvas.setAttribute(
        "aria-label",
        `${this.says ? `“${said}”, written` : "A drawing"} in ${this.points.length} points of the pen`,
      );
    });
  }

  private more(moves: ArrayLike<number>): void {
    let { x, y } = this.points.at(-1) ?? { x: 0, y: 0 };
    for (let i = 0; i < moves.length; i += 3) {
      x += moves[i]!;
      y += moves[i + 1]!;
      this.points.push({ x, y, up: moves[i + 2]! > 0 });
    }
    this.draw();
  }

  /** Each point belongs to the letter that the model looked at most. */
  private lettered(pieces: string[], attention: ArrayLike<number> | undefined): void {
    const count = pieces.length;
    if (attention && count)
      this.letters = this.points.map((_, p) => {
        let best = 0;
        for (let s = 1; s < count; s++)
          if (attention[p * count + s]! > attention[p * count + best]!) best = s;
        return best;
      });
    this.pieces.replaceChildren(
      ...pieces.map((piece, at) => {
        const point = (to: number | null) => () => {
          this.aim = to;
          this.draw();
        };
        return h(
          "button",
          { type: "button", class: "word" },
          { onpointerenter: point(at), onfocus: point(at), onpointerleave: point(null), onblur: point(null) },
          piece === " " ? "␣" : piece,
        );
      }),
    );
    this.draw();
  }

  private paint(): void {
    const box = this.canvas.getBoundingClientRect();
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(box.width * ratio);
    this.canvas.height = Math.round(box.height * ratio);
    const g = this.canvas.getContext("2d")!;
    g.scale(ratio, ratio);
    const { points } = this;
    if (!points.length) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.shown = still ? points.length : Math.min(points.length, this.shown + PACE);
    const xs = points.map((p) => p.x);
    const ys = points.map((p) => p.y);
    const [left, right] = [Math.min(0, ...xs), Math.max(...xs)];
    const [top, foot] = [Math.min(0, ...ys), Math.max(...ys)];
    const scale = Math.min((box.width - 40) / (right - left || 1), (box.height - 40) / (foot - top || 1));
    const at = (p: { x: number; y: number }): [number, number] => [
      20 + (p.x - left) * scale,
      box.height / 2 + (p.y - (top + foot) / 2) * scale,
    ];
    g.lineWidth = 2;
    g.lineCap = g.lineJoin = "round";
    const [ink, aimed] = [colour("ink"), colour("accent")];
    let from = { x: 0, y: 0 };
    let up = true;
    for (let i = 0; i < this.shown; i++) {
      const to = points[i]!;
      if (!up) {
        const mine = this.aim !== null && this.letters[i] === this.aim;
        g.strokeStyle = mine ? aimed : ink;
        g.lineWidth = mine ? 4 : 2;
        g.beginPath();
        g.moveTo(...at(from));
        g.lineTo(...at(to));
        g.stroke();
      }
      up = to.up;
      from = to;
    }
    if (this.shown < points.length) this.draw();
  }
}
