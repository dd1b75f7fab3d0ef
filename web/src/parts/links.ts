// What was read and what was written, with lines between: how much each written word is due to each that was read.

import { colour, h, onFrame, percent, text, visible } from "../dom";
import { changed } from "../theme";

/** What is shown: `weights` has a row for each written word, and a column for each that was read. */
export interface Linked {
  source: string[];
  target: string[];
  weights: Float32Array | null;
  p: Float32Array | null; // how probable each written word was
  signed: boolean; // weights speak for a word or against it; else they are shares
}

const DRAWN = 1200; // lines at once, at most
const FAINT = 0.05; // a share below which a line is not drawn

type Side = "source" | "target";

export class WordLinks extends HTMLElement {
  /** Told the weights of the written word that is pointed at. */
  onpoint: (weights: number[] | null) => void = () => {};

  private shown: Linked = { source: [], target: [], weights: null, p: null, signed: false };
  private aim: { side: Side; at: number } | null = null;
  private readonly words: Record<Side, HTMLButtonElement[]> = { source: [], target: [] };
  private readonly rows: Record<Side, HTMLElement> = {
    source: h("div", { class: "words", role: "group", "aria-label": "What it read" }),
    target: h("div", { class: "words", role: "group", "aria-label": "What it wrote" }),
  };
  private readonly lines = document.createElement("canvas");
  private readonly reading = h("output", { class: "reading" });
  private readonly draw = onFrame(() => this.paint());
  private readonly sized = new ResizeObserver(() => this.draw());

  connectedCallback(): void {
    if (!this.lines.isConnected) {
      this.lines.setAttribute("aria-hidden", "true");
      this.append(this.lines, this.rows.source, this.rows.target, this.reading);
      for (const side of ["source", "target"] as const) {
        const row = this.rows[side];
        row.addEventListener("keydown", (event) => this.key(side, event));
        row.addEventListener("pointerleave", () => this.point(null));
        row.addEventListener("focusout", () => this.point(null));
      }
      this.tell();
    }
    this.sized.observe(this);
    changed.addEventListener("change", this.draw);
  }

  disconnectedCallback(): void {
    this.sized.disconnect();
    changed.removeEventListener("change", this.draw);
  }

  show(shown: Linked): void {
    this.shown = shown;
    this.aim = null;
    for (const side of ["source", "target"] as const) {
      this.words[side] = shown[side].map((word, at) => this.word(side, word, at));
      this.rows[side].replaceChildren(...this.words[side]);
    }
    this.tell();
    this.draw();
  }

  private word(side: Side, word: string, at: number): HTMLButtonElement {
    const point = () => this.point({ side, at });
    const p = side === "target" ? this.shown.p?.[at] : undefined;
    return h(
      "button",
      { type: "button", class: "word", tabindex: at ? -1 : 0 },
      { onpointerenter: point, onfocus: point, onclick: point },
      text("span", "", visible(word)),
      p !== undefined && text("small", "", percent(p)),
    );
  }

  private key(side: Side, event: KeyboardEvent): void {
    const words = this.words[side];
    const at = words.indexOf(event.target as HTMLButtonElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: words.length - 1 }[event.key];
    const next = to === undefined ? undefined : words[to];
    if (!next) return;
    event.preventDefault();
    for (const word of words) word.tabIndex = word === next ? 0 : -1;
    next.focus();
  }

  private point(aim: typeof this.aim): void {
    if (aim?.side === this.aim?.side && aim?.at === this.aim?.at) return;
    this.aim = aim;
    const { source } = this.shown;
    this.onpoint(aim?.side === "target" ? source.map((_, at) => this.weight(aim.at, at)) : null);
    this.tell();
    this.draw();
  }

  private weight(target: number, source: number): number {
    return this.shown.weights?.[target * this.shown.source.length + source] ?? 0;
  }

  /** The largest weight of a written word, or 1 where weights are shares. */
  private most(target: number): number {
    if (!this.shown.signed) return 1;
    let most = 1e-9;
    for (let s = 0; s < this.shown.source.length; s++)
      most = Math.max(most, Math.abs(this.weight(target, s)));
    return most;
  }

  /** Shade the words of the other side, and say in words what is pointed at. */
  private tell(): void {
    const { shown, aim } = this;
    const other: Side = aim?.side === "source" ? "target" : "source";
    const shares = (at: number): number => {
      if (!aim) return 0;
      const [target, source] = aim.side === "target" ? [aim.at, at] : [at, aim.at];
      return this.weight(target, source) / this.most(target);
    };
    for (const side of ["source", "target"] as const)
      this.words[side].forEach((word, at) => {
        const share = side === other ? shares(at) : 0;
        word.classList.toggle("aimed", aim?.side === side && aim.at === at);
        word.classList.toggle("against", share < 0);
        word.style.setProperty("--share", `${Math.round(70 * Math.abs(share) ** 0.6)}%`);
      });
    if (!shown.weights) this.reading.textContent = "";
    else if (!aim) this.reading.textContent = "Point at a word, or go to it with Tab and the arrow keys.";
    else {
      const best = shown[other]
        .map((word, at) => ({ word, share: shares(at) }))
        .sort((a, b) => Math.abs(b.share) - Math.abs(a.share))
        .slice(0, 3)
        .map(({ word, share }) => `${visible(word)} ${shown.signed ? share.toFixed(2) : percent(share)}`);
      const word = visible(shown[aim.side][aim.at] ?? "");
      const says = shown.signed
        ? aim.side === "target"
          ? "rests most on"
          : "is most to"
        : aim.side === "target"
          ? "looked most at"
          : "was looked at most by";
      this.reading.textContent = `“${word}” ${says} ${best.join(", ")}`;
    }
  }

  private paint(): void {
    const { lines, shown, aim } = this;
    const box = this.getBoundingClientRect();
    const ratio = devicePixelRatio;
    lines.width = Math.round(box.width * ratio);
    lines.height = Math.round(box.height * ratio);
    const g = lines.getContext("2d")!;
    g.scale(ratio, ratio);
    if (!shown.weights) return;
    const [ink, warm] = [colour("accent"), colour("warm")];
    const place = (word: HTMLElement, foot: boolean): [number, number] => {
      const at = word.getBoundingClientRect();
      return [at.left + at.width / 2 - box.left, (foot ? at.bottom : at.top) - box.top];
    };
    const tops = this.words.target.map((word) => place(word, false));
    const feet = this.words.source.map((word) => place(word, true));
    const all: [number, number, number][] = [];
    for (let t = 0; t < tops.length; t++) {
      if (aim?.side === "target" && aim.at !== t) continue;
      const most = this.most(t);
      for (let s = 0; s < feet.length; s++) {
        if (aim?.side === "source" && aim.at !== s) continue;
        const share = this.weight(t, s) / most;
        if (Math.abs(share) >= FAINT) all.push([t, s, share]);
      }
    }
    all.sort((a, b) => Math.abs(b[2]) - Math.abs(a[2]));
    for (const [t, s, share] of all.slice(0, DRAWN)) {
      const [x0, y0] = feet[s]!;
      const [x1, y1] = tops[t]!;
      g.globalAlpha = Math.abs(share) ** 0.7 * (aim ? 1 : 0.6);
      g.strokeStyle = share < 0 ? warm : ink;
      g.setLineDash(share < 0 ? [4, 3] : []);
      g.lineWidth = 0.8 + 3 * Math.abs(share);
      const bend = Math.max(18, (y1 - y0) * 0.45);
      g.beginPath();
      g.moveTo(x0, y0);
      g.bezierCurveTo(x0, y0 + bend, x1, y1 - bend, x1, y1);
      g.stroke();
    }
  }
}
customElements.define("word-links", WordLinks);
