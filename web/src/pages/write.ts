// `lm`: write, see the next words, the memory and what the next word rests on; and two futures beside each other.

import { h, onFrame, percent, text, visible } from "../dom";
import { Latest } from "../live";
import { bars } from "../parts/bars";
import { type MemoryAsked, type MemorySaid, MemoryStrip, type Unit } from "../parts/memory";
import { Aligned, shade, shading } from "../parts/words";
import { changed } from "../theme";
import { LivePage } from "./page";

interface About {
  tokens: string; // chars, words, bytes, subwords
  vocabulary: number;
}

type Likely = [piece: string, p: number];

// What this page needs of the server.
type Calls = {
  write: {
    asks: { keep: number; text: string; memory: MemoryAsked };
    // tokens from a row on, with their probabilities `p`; at the end what may follow, and the strip
    gives: {
      taken: number;
      row: number;
      tokens: string[];
      words: [string, number][];
      next: Likely[];
      memory: MemorySaid;
    };
  };
  look: { asks: { memory: MemoryAsked }; gives: { memory: MemorySaid } };
  rests: { asks: { of: number | null }; gives: { row: number } }; // `rests`, from a row on
  go: { asks: { length: number; temperature: number; seed: number }; gives: { text: string; p: number } };
  fork: {
    asks: {
      text: string | null;
      silent: [string, number][];
      held: [string, string, number, number][];
      length: number;
      seed: number;
      temperature: number;
    };
    gives: { next: [piece: string, one: number, other: number][]; texts: Record<Side, [string, number][]> };
  };
};
type Side = "one" | "other";
type Lens = "likely" | "rests" | "unit";

const SHOWN = 6000; // characters of a long text that are shown, the last ones
const FOLDS = 12000; // characters from which the beginning is folded
const EDITED = 240; // characters of the other past, at most

export class WritePage extends LivePage<About, Calls> {
  // The text, of which a long beginning is folded away, and what the server has of it.
  private folded = "";
  private sent = ""; // what the server has taken
  private fresh = true;
  private readonly aligned = new Aligned();
  private p: number[] = [];
  private rests: { row: number; values: Float32Array } | null = null;
  private lens: Lens = "likely";
  private unit: Unit | null = null;
  private silent: Unit[] = [];
  private held: { unit: Unit; part: string; value: number }[] = [];
  private other: string | null = null; // the other past, in place of the end of the text
  private seed = 1;
  private going = false;

  private readonly writes = new Latest(() => this.live.stop());
  private readonly shadeSoon = onFrame(() => this.shade());
  private readonly area = h("textarea", {
    "aria-label": "Text",
    spellcheck: "false",
    autocapitalize: "off",
    placeholder: "Write, and see what the model makes of it.",
  });
  private readonly ground = document.createTextNode("");
  private readonly fold = h(
    "button",
    { type: "button", class: "fold", hidden: true },
    { onclick: () => this.unfold() },
  );
  private readonly chips = h("div", { class: "chips", role: "group", "aria-label": "Next words" });
  private readonly likely = text("div", "");
  private readonly likelyTitle = text("h2", "", "Next");
  private readonly legend = text("p", "legend");
  private readonly lenses = h("div", { class: "segments", role: "group", "aria-label": "Shade the text by" });
  private readonly progress = h("p", { class: "progress", role: "status" });
  private readonly memory = new MemoryStrip();
  private readonly follow = text("div", "follow");
  private readonly fork = text("div", "");
  private readonly past = h("textarea", {
    rows: 2,
    "aria-label": "Another past: change a word of it",
    spellcheck: "false",
  });
  private readonly goButton = h(
    "button",
    { type: "button", class: "primary" },
    { onclick: () => this.go() },
    "Let it write",
  );

  private get text(): string {
    return this.folded + this.area.value;
  }

  protected build(): void {
    this.area.oninput = () => this.edited();
    this.area.onkeydown = (event) => this.key(event);
    this.past.oninput = () => {
      this.other = this.past.value === this.tail() ? null : this.past.value;
      this.futures();
    };
    this.memory.called = (step) => this.called(step);
    this.memory.onwant = () => void this.look();
    this.memory.onunit = (unit) => this.followed(unit);
    this.memory.onstep = (step) => this.pointed(step);
    changed.addEventListener("change", this.shadeSoon);
    this.append(
      h(
        "section",
        { class: "card writing", "aria-label": "Write" },
        {},
        text(
          "div",
          "row",
          this.lenses,
          text("span", "space"),
          h("button", { type: "button" }, { onclick: () => this.empty() }, "Begin anew"),
          this.goButton,
        ),
        this.fold,
        text(
          "div",
          "editor",
          h("div", { class: "ground", "aria-hidden": "true" }, {}, this.ground),
          this.area,
        ),
        this.progress,
        this.chips,
        this.legend,
      ),
      h("section", { class: "card next", "aria-label": "Next" }, {}, this.likelyTitle, this.likely),
      h(
        "section",
        { class: "card wide", "aria-label": "Memory" },
        {},
        text("h2", "", "Memory"),
        this.memory,
        this.follow,
      ),
      h(
        "section",
        { class: "card wide", "aria-label": "Two futures" },
        {},
        text("h2", "", "Two futures"),
        text(
          "p",
          "soft",
          "Change a word of the past, or silence a unit of the memory above. Both futures are drawn with the same dice, so what differs is due to the change.",
        ),
        h("label", { class: "field" }, {}, text("span", "", "Another past"), this.past),
        this.fork,
      ),
    );
    this.showLenses();
    this.showFork(null);
  }

  protected opened(_about: About): void {
    this.sent = "";
    if (this.fresh) {
      this.fresh = false;
      void this.begin();
    } else this.write();
  }

  /** The first text is one that the model writes itself. */
  private async begin(): Promise<void> {
    this.area.focus({ preventScroll: true });
    await this.compose(40, 7);
    this.legend.textContent = "The model wrote this itself. Change it, go on, or begin anew.";
  }

  // ---- the text

  private edited(): void {
    this.showLegend();
    if (this.area.value.length > FOLDS) this.foldUp();
    this.write();
  }

  private foldUp(): void {
    const whole = this.text;
    const from = whole.length - SHOWN;
    const blank = whole.slice(from, from + 200).search(/\s/);
    const cut = from + Math.max(0, blank);
    const caret = Math.max(0, this.folded.length + this.area.selectionEnd - cut);
    this.folded = whole.slice(0, cut);
    this.area.value = whole.slice(cut);
    this.area.setSelectionRange(caret, caret);
    this.showFold();
  }

  private unfold(): void {
    const cut = Math.max(0, this.folded.length - SHOWN);
    this.area.value = this.folded.slice(cut) + this.area.value;
    this.folded = this.folded.slice(0, cut);
    this.showFold();
    this.shadeSoon();
  }

  private showFold(): void {
    this.fold.hidden = !this.folded;
    this.fold.textContent = `${this.folded.length.toLocaleString("en")} earlier characters are read and remembered; show more of them`;
  }

  private empty(): void {
    this.folded = "";
    this.area.value = "";
    this.legend.textContent = "";
    this.showFold();
    this.write();
    this.area.focus();
  }

  private insert(piece: string): void {
    const area = this.area;
    area.setRangeText(piece, area.selectionStart, area.selectionEnd, "end");
    this.edited();
    area.focus();
  }

  private key(event: KeyboardEvent): void {
    const at = event.altKey && /^[1-6]$/.test(event.key) ? Number(event.key) - 1 : -1;
    const chip = this.chips.children[at];
    if (chip instanceof HTMLButtonElement) {
      event.preventDefault();
      chip.click();
    }
  }

  // ---- with the server

  private write(): void {
    this.ground.data = `${this.area.value}\n`;
    this.shadeSoon();
    this.writes.run(async () => {
      const whole = this.text;
      const keep = common(this.sent, whole);
      const first = this.rowAt(keep);
      this.sent = whole.slice(0, keep);
      await this.live.ask(
        "write",
        { keep: points(whole, keep), text: whole.slice(keep), memory: this.memory.asked(first) },
        ({ tensors, ...part }) => {
          if (part.taken !== undefined) this.sent = whole.slice(0, units(whole, part.taken));
          if (part.tokens && part.row !== undefined) {
            this.aligned.set(part.row, part.tokens, whole);
            this.p.length = part.row;
            for (const v of tensors.p!.data) this.p.push(v);
            this.shadeSoon();
            const left = whole.length - this.sent.length;
            this.progress.textContent =
              left > 2000 ? `Reading: ${left.toLocaleString("en")} characters are left` : "";
          }
          if (part.next) this.showNext(part.words ?? [], part.next);
          if (part.memory) this.memory.take(part.memory, tensors);
        },
      );
      if (this.sent.length < whole.length) return;
      if (this.lens === "rests") await this.rest();
      this.pastNow();
    });
  }

  /** The row of the token that holds this place: from there on tokens are read again. */
  private rowAt(place: number): number {
    let row = this.aligned.ends.length;
    while (row > 0 && this.aligned.ends[row - 1]! > place) row--;
    return Math.max(0, row - 1);
  }

  private async look(): Promise<void> {
    const part = await this.live.one("look", { memory: this.memory.asked() });
    if (part.memory) this.memory.take(part.memory, part.tensors);
    this.shadeSoon();
  }

  private async rest(of: number | null = null): Promise<void> {
    const part = await this.live.one("rests", { of });
    const values = part.tensors.rests?.data;
    this.rests = values ? { row: part.row ?? 0, values: values as Float32Array } : null;
    this.shadeSoon();
  }

  private go(): void {
    if (this.going) {
      this.going = false;
      this.live.stop();
      return;
    }
    void this.compose(60, this.seed++);
  }

  private async compose(length: number, seed: number): Promise<void> {
    this.going = true;
    this.goButton.textContent = "Stop";
    let piece = "";
    const flush = onFrame(() => {
      if (!this.area.value) piece = piece.trimStart();
      this.area.value += piece;
      piece = "";
      this.ground.data = `${this.area.value}\n`;
      this.area.scrollTop = this.area.scrollHeight;
    });
    try {
      await this.live.ask("go", { length, temperature: 0.7, seed }, (part) => {
        if (!this.going) return;
        piece += part.text ?? "";
        flush();
      });
    } finally {
      this.going = false;
      this.goButton.textContent = "Let it write";
      this.area.value += piece;
      piece = "";
      this.edited();
    }
  }

  // ---- shades

  private showLenses(): void {
    const names: [Lens, string, boolean][] = [
      ["likely", "How surprising", true],
      ["rests", "What the next rests on", true],
      ["unit", this.unit ? `Unit ${this.unit.unit}` : "A unit", !!this.unit],
    ];
    this.lenses.replaceChildren(
      ...names.map(([lens, name, able]) =>
        h(
          "button",
          { type: "button", "aria-pressed": String(lens === this.lens), disabled: !able },
          {
            onclick: () => {
              this.lens = lens;
              this.showLenses();
              if (lens === "rests") void this.rest();
              this.shadeSoon();
            },
          },
          name,
        ),
      ),
    );
    this.showLegend();
  }

  private showLegend(): void {
    const legends: Record<Lens, string> = {
      likely: "The warmer the shade, the less the model expected the text there.",
      rests:
        "Blue speaks for what the model expects next, orange against it: the gradient times what was read.",
      unit: "Blue where the unit is above 0, orange where it is below.",
    };
    this.legend.textContent = shading
      ? legends[this.lens]
      : "This browser cannot shade text; newer ones can.";
  }

  private shade(): void {
    const offset = this.folded.length;
    const { aligned } = this;
    const last = Math.min(aligned.ends.length, this.p.length);
    const parts: [number, number, number][] = [];
    let most = 1e-9;
    if (this.lens === "rests") for (const v of this.rests?.values ?? []) most = Math.max(most, Math.abs(v));
    const scale = this.memory.most;
    for (let row = last - 1; row >= 0 && aligned.ends[row]! > offset; row--) {
      let strength = 0;
      if (this.lens === "likely") strength = -Math.min(1, Math.max(0, -Math.log2(this.p[row]!) - 1) / 11);
      else if (this.lens === "rests") strength = (this.rests?.values[row - this.rests.row] ?? 0) / most;
      else strength = (this.memory.value(row + 1) ?? 0) / scale;
      parts.push([Math.max(0, aligned.begin(row) - offset), aligned.ends[row]! - offset, strength]);
    }
    shade(this.ground, parts);
  }

  /** The token that was read at a step; the first step reads a mark that a text begins. */
  private called(step: number): string {
    return step === 0 ? "the beginning" : (this.aligned.tokens[step - 1] ?? "");
  }

  private pointed(step: number | null): void {
    if (step === null || step === 0) {
      this.shadeSoon();
      return;
    }
    const offset = this.folded.length;
    shade(this.ground, [[this.aligned.begin(step - 1) - offset, this.aligned.ends[step - 1]! - offset, 1]]);
  }

  // ---- what comes next

  private showNext(words: [string, number][], next: Likely[]): void {
    this.chips.replaceChildren(
      ...words.map(([word, p], i) =>
        h(
          "button",
          { type: "button", class: "chip", title: `Alt+${i + 1}` },
          { onclick: () => this.take(word) },
          text("span", "", visible(word)),
          text("small", "", percent(p)),
        ),
      ),
    );
    this.likely.replaceChildren(
      bars(
        next.map(([piece, p]) => ({ name: visible(piece), p })),
        (at) => this.insert(next[at]![0]),
      ),
    );
  }

  /** Take a word: it ends the word that has begun, or follows after a blank. */
  private take(word: string): void {
    const before = this.area.value.slice(0, this.area.selectionStart);
    const begun = /[\p{L}\p{N}'’-]*$/u.exec(before)![0];
    if (begun && word.toLowerCase().startsWith(begun.toLowerCase()))
      this.insert(`${word.slice(begun.length)} `);
    else this.insert(`${before && !/\s$/.test(before) && /^[\p{L}\p{N}]/u.test(word) ? " " : ""}${word} `);
  }

  // ---- a unit

  private followed(unit: Unit | null): void {
    this.unit = unit;
    if (unit) this.lens = "unit";
    else if (this.lens === "unit") this.lens = "likely";
    this.showLenses();
    this.shadeSoon();
    this.follow.replaceChildren();
    if (!unit) return;
    const value = h("input", {
      type: "range",
      min: -1,
      max: 1,
      step: 0.05,
      value: (this.memory.value(this.aligned.ends.length) ?? 0).toFixed(2),
      "aria-label": `Value of unit ${unit.unit}`,
    });
    const hold = h(
      "button",
      { type: "button" },
      {
        onclick: () => {
          this.held = [
            ...this.held.filter((one) => !same(one.unit, unit)),
            { unit, part: "h", value: Number(value.value) },
          ];
          this.futures();
        },
      },
      `Hold it at ${Number(value.value).toFixed(2)}`,
    );
    value.oninput = () => {
      hold.textContent = `Hold it at ${Number(value.value).toFixed(2)}`;
    };
    this.follow.append(
      text("strong", "", `Unit ${unit.unit}`),
      h(
        "button",
        { type: "button" },
        {
          onclick: () => {
            this.silent = [...this.silent.filter((one) => !same(one, unit)), unit];
            this.futures();
          },
        },
        "Silence it",
      ),
      value,
      hold,
    );
  }

  // ---- two futures

  private tail(): string {
    const end = this.area.value.slice(-EDITED);
    const cut = end.length < this.area.value.length ? end.search(/\s/) + 1 : 0;
    return end.slice(cut).replace(/^[\s\S]*\n(?=.*\S)/, "");
  }

  /** After the text changed, the other past is the text again, unless it is being changed. */
  private pastNow(): void {
    if (this.other === null && document.activeElement !== this.past) this.past.value = this.tail();
    this.futures();
  }

  private futures(): void {
    if (this.other === null && !this.silent.length && !this.held.length) {
      this.showFork(null);
      return;
    }
    this.writes.run(async () => {
      const whole = this.text;
      const tail = this.tail();
      const part = await this.live.one("fork", {
        text: this.other === null ? null : whole.slice(0, whole.length - tail.length) + this.other,
        silent: this.silent.map((one) => [one.layer, one.unit]),
        held: this.held.map((one) => [one.unit.layer, one.part, one.unit.unit, one.value]),
        length: 48,
        seed: this.seed,
        temperature: 0.7,
      });
      if (part.next && part.texts) this.showFork({ next: part.next, texts: part.texts });
    });
  }

  private showFork(both: Calls["fork"]["gives"] | null): void {
    if (!both) {
      this.fork.replaceChildren();
      return;
    }
    const pill = (name: string, away: () => void) =>
      h(
        "button",
        { type: "button", class: "pill", "aria-label": `Undo: ${name}` },
        {
          onclick: () => {
            away();
            this.futures();
          },
        },
        `${name} ✕`,
      );
    const pills = [
      ...this.silent.map((unit) =>
        pill(`unit ${unit.unit} silent`, () => {
          this.silent = this.silent.filter((one) => one !== unit);
        }),
      ),
      ...this.held.map((held) =>
        pill(`unit ${held.unit.unit} at ${held.value.toFixed(2)}`, () => {
          this.held = this.held.filter((one) => one !== held);
        }),
      ),
      this.other !== null &&
        pill("another past", () => {
          this.other = null;
          this.past.value = this.tail();
        }),
    ].filter((one) => one !== false);
    const [one, other] = [both.texts.one, both.texts.other];
    let alike = 0;
    while (alike < one.length && one[alike]![0] === other[alike]?.[0]) alike++;
    const shown = (tokens: [string, number][]) =>
      text(
        "p",
        "future",
        tokens
          .slice(0, alike)
          .map(([token]) => token)
          .join(""),
        text(
          "mark",
          "",
          tokens
            .slice(alike)
            .map(([token]) => token)
            .join(""),
        ),
      );
    const rows = both.next.map(([piece, p, changed]) => ({ name: visible(piece), p, other: changed }));
    this.fork.replaceChildren(
      text(
        "div",
        "row",
        ...pills,
        text("span", "space"),
        h(
          "button",
          { type: "button" },
          {
            onclick: () => {
              this.seed++;
              this.futures();
            },
          },
          "Other dice",
        ),
      ),
      text(
        "div",
        "futures",
        text("div", "", text("h3", "", "As it is"), shown(one)),
        text("div", "", text("h3", "other", "With the change"), shown(other)),
      ),
      bars(rows),
    );
  }
}

const same = (one: Unit, other: Unit): boolean => one.layer === other.layer && one.unit === other.unit;

/** How many characters two texts begin with in common; never the half of a pair. */
function common(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let same = one === other.slice(0, one.length) ? one.length : 0;
  while (same < most && one.charCodeAt(same) === other.charCodeAt(same)) same++;
  const last = other.charCodeAt(same - 1);
  return last >= 0xd800 && last < 0xdc00 ? same - 1 : same;
}

const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;

/** The server counts characters, a string of JavaScript halves of some: characters in the first `units` of them. */
const points = (whole: string, units: number): number =>
  PAIR.test(whole) ? [...whole.slice(0, units)].length : units;

/** And back. */
function units(whole: string, points: number): number {
  if (!PAIR.test(whole)) return points;
  let at = 0;
  for (let i = 0; i < points && at < whole.length; i++) at += whole.codePointAt(at)! > 0xffff ? 2 : 1;
  return at;
}
