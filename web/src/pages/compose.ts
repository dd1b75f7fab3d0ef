// `compose`: play on keys, by mouse, letters or MIDI, and the model answers; a roll of what was played, and its sound.

import { colour, h, onFrame, percent, text } from "../dom";
import { Latest } from "../live";
import { type MemoryAsked, type MemorySaid, MemoryStrip } from "../parts/memory";
import { Sound } from "../parts/sound";
import { changed } from "../theme";
import { LivePage } from "./page";

interface About {
  low: number; // the outermost keys
  high: number;
  step: number; // seconds of a step
}

type Calls = {
  read: {
    asks: { keep: number; roll: number[][]; memory: MemoryAsked };
    gives: { taken: number; memory: MemorySaid }; // `nats`: how surprising each step was
  };
  go: { asks: { length: number; temperature: number; seed: number }; gives: { step: number[] } };
  look: { asks: { memory: MemoryAsked }; gives: { memory: MemorySaid } };
};

const LETTERS = "awsedftgyhujkolp";
const NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const PAUSE = 1.5; // seconds of silence after which it answers
const ANSWER = 32; // steps

const named = (key: number): string => `${NAMES[key % 12]}${Math.floor(key / 12) - 1}`;

export class ComposePage extends LivePage<About, Calls> {
  private roll: number[][] = [];
  private theirs: boolean[] = []; // which steps the model made
  private nats: ArrayLike<number> = [];
  private held = new Set<number>();
  private struck = new Set<number>(); // since the last step
  private clock = 0; // of the steps that are recorded
  private rest = 0; // steps of silence
  private head = -1; // the step that sounds
  private seed = 1;
  private about: About = { low: 48, high: 72, step: 0.25 };
  private base = 60; // the key of the first letter
  private readonly sound = new Sound();
  private readonly calls = new Latest(() => this.live.stop());
  private readonly keys = h("div", { class: "piano", role: "group", "aria-label": "Piano" });
  private readonly canvas = h("canvas", { class: "roll", role: "img", "aria-label": "The roll is empty" });
  private readonly status = h("p", { class: "soft", role: "status" });
  private readonly memory = new MemoryStrip();
  private readonly heat = h("input", {
    type: "range",
    min: 0.3,
    max: 1.5,
    step: 0.1,
    value: 0.8,
    "aria-label": "How daring",
  });
  private readonly draw = onFrame(() => this.paint());
  private readonly sized = new ResizeObserver(() => this.draw());
  private readonly onkeys = (event: KeyboardEvent) => this.letter(event);

  protected build(): void {
    const button = (name: string, does: () => void, kind = "") =>
      h("button", { type: "button", class: kind }, { onclick: does }, name);
    this.memory.called = (step) =>
      step ? this.roll[step - 1]?.map(named).join(" ") || "rest" : "the beginning";
    this.memory.onwant = () =>
      this.calls.run(async () => {
        const part = await this.live.one("look", { memory: this.memory.asked() });
        if (part.memory) this.memory.take(part.memory, part.tensors);
      });
    this.append(
      h(
        "section",
        { class: "card wide", "aria-label": "Music" },
        {},
        text(
          "div",
          "row",
          button("Let it answer", () => this.respond(), "primary"),
          button("Play all", () => void this.play(0)),
          button("MIDI keyboard", () => void this.midi()),
          button("Begin anew", () => this.empty()),
          text("span", "space"),
          h("label", { class: "row soft" }, {}, "careful", this.heat, "daring"),
        ),
        h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Roll" }, {}, this.canvas),
        this.status,
        h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Keys" }, {}, this.keys),
        text(
          "p",
          "soft",
          `Play with the mouse, the letters ${LETTERS.toUpperCase()}, or a MIDI keyboard. After a pause the model answers.`,
        ),
      ),
      h("section", { class: "card wide", "aria-label": "Memory" }, {}, text("h2", "", "Memory"), this.memory),
    );
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", this.onkeys);
    addEventListener("keyup", this.onkeys);
    changed.addEventListener("change", this.draw);
    this.sized.observe(this);
  }

  override disconnectedCallback(): void {
    removeEventListener("keydown", this.onkeys);
    removeEventListener("keyup", this.onkeys);
    changed.removeEventListener("change", this.draw);
    clearInterval(this.clock);
    this.sound.close();
    super.disconnectedCallback();
  }

  protected opened(about: About): void {
    this.about = about;
    const middle = 12 * Math.round((about.low + about.high) / 24);
    this.base = about.low <= 60 && about.high >= 76 ? 60 : Math.max(0, Math.min(middle, about.high - 11));
    this.piano();
    this.read(0);
  }

  // ---- keys

  private piano(): void {
    const { low, high } = this.about;
    this.keys.replaceChildren(
      ...Array.from({ length: high - low + 1 }, (_, i) => {
        const key = low + i;
        const letter = LETTERS[key - this.base]?.toUpperCase() ?? "";
        const up = () => this.release(key);
        return h(
          "button",
          {
            type: "button",
            class: NAMES[key % 12]!.includes("#") ? "black" : "white",
            "data-key": key,
            "aria-label": named(key),
          },
          {
            onpointerdown: (event) => {
              const touched = event.target as HTMLElement; // a finger may slide on to the next key
              if (touched.hasPointerCapture(event.pointerId)) touched.releasePointerCapture(event.pointerId);
              this.strike(key);
            },
            onpointerenter: (event) => event.buttons && this.strike(key),
            onpointerup: up,
            onpointerleave: up,
            onkeydown: (event) => {
              if ((event.key === "Enter" || event.key === " ") && !event.repeat) this.strike(key);
            },
            onkeyup: up,
          },
          letter || (key % 12 === 0 ? named(key) : ""),
        );
      }),
    );
  }

  private letter(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const target = event.target as HTMLElement;
    if (/^(TEXTAREA|SELECT)$/.test(target.tagName)) return;
    const at = LETTERS.indexOf(event.key.toLowerCase());
    if (at < 0 || event.key.length !== 1) return;
    if (event.type === "keydown") this.strike(this.base + at);
    else this.release(this.base + at);
  }

  private async midi(): Promise<void> {
    try {
      const access = await navigator.requestMIDIAccess();
      for (const input of access.inputs.values())
        input.onmidimessage = (event) => {
          const [kind = 0, key = 0, force = 0] = event.data ?? [];
          if ((kind & 0xf0) === 0x90 && force) this.strike(key);
          else if ((kind & 0xf0) === 0x80 || (kind & 0xf0) === 0x90) this.release(key);
        };
      this.say(
        `${access.inputs.size || "No"} MIDI keyboard${access.inputs.size === 1 ? " is" : "s are"} connected.`,
      );
    } catch (error) {
      this.say(`The browser gives no MIDI: ${(error as Error).message}`);
    }
  }

  private strike(key: number): void {
    if (this.held.has(key) || key < this.about.low || key > this.about.high) return;
    if (this.head >= 0) this.head = -1; // who plays interrupts
    this.held.add(key);
    this.struck.add(key);
    this.sound.begin(key);
    this.mark(key, true);
    if (!this.clock) {
      this.rest = 0;
      this.clock = window.setInterval(() => this.tick(), 1000 * this.about.step);
    }
  }

  private release(key: number): void {
    if (!this.held.delete(key)) return;
    this.sound.end(key);
    this.mark(key, false);
  }

  private mark(key: number, down: boolean): void {
    this.keys.querySelector(`[data-key="${key}"]`)?.classList.toggle("down", down);
  }

  /** A step is over: what was struck or held in it sounds in the roll. */
  private tick(): void {
    const step = [...new Set([...this.held, ...this.struck])].sort((a, b) => a - b);
    this.struck.clear();
    this.rest = step.length ? 0 : this.rest + 1;
    this.roll.push(step);
    this.theirs.push(false);
    this.draw();
    if (this.rest * this.about.step < PAUSE) return;
    this.roll.length -= this.rest;
    this.theirs.length = this.roll.length;
    this.respond();
  }

  private ended(): void {
    clearInterval(this.clock);
    this.clock = 0;
    this.struck.clear();
  }

  // ---- with the server

  private sent = 0; // steps that the server has

  private read(keep: number): void {
    this.sent = Math.min(this.sent, keep);
    this.calls.run(async () => {
      const from = this.sent;
      const roll = this.roll.slice(from);
      const asks = { keep: from, roll, memory: this.memory.asked(0) };
      await this.live.ask("read", asks, ({ tensors, ...part }) => {
        if (tensors.nats) this.nats = tensors.nats.data;
        if (part.taken !== undefined) this.sent = part.taken;
        if (part.memory) this.memory.take(part.memory, tensors);
      });
      this.tell();
    });
  }

  private respond(): void {
    this.ended();
    const from = this.roll.length;
    this.calls.run(async () => {
      const roll = this.roll.slice(this.sent, from);
      await this.live.ask("read", { keep: this.sent, roll, memory: this.memory.asked(0) });
      this.sent = from;
      const asks = { length: ANSWER, temperature: Number(this.heat.value), seed: this.seed++ };
      await this.live.ask("go", asks, (part) => {
        if (!part.step) return;
        this.roll.push(part.step);
        this.theirs.push(true);
        this.draw();
        if (this.theirs.length === from + 1) void this.play(from);
      });
      this.read(from);
    });
  }

  private empty(): void {
    this.ended();
    this.head = -1;
    this.roll = [];
    this.theirs = [];
    this.nats = [];
    this.read(0);
  }

  // ---- sound out

  private async play(from: number): Promise<void> {
    this.head = from;
    let sounding = new Set<number>();
    while (this.head >= 0 && this.head < this.roll.length) {
      const now = new Set(this.roll[this.head]);
      for (const key of sounding) if (!now.has(key)) this.silence(key);
      for (const key of now)
        if (!sounding.has(key)) {
          this.sound.begin(key);
          this.mark(key, true);
        }
      sounding = now;
      this.draw();
      await new Promise((done) => setTimeout(done, 1000 * this.about.step));
      if (this.head >= 0) this.head++;
    }
    for (const key of sounding) this.silence(key);
    this.head = -1;
    this.draw();
  }

  private silence(key: number): void {
    this.sound.end(key);
    this.mark(key, false);
  }

  // ---- what is shown

  private tell(): void {
    const made = this.theirs.filter(Boolean).length;
    const played = this.roll.length - made;
    this.canvas.setAttribute("aria-label", `${played} steps were played, ${made} are the model's`);
    let sum = 0;
    for (let i = 0; i < this.nats.length; i++) sum += this.nats[i]!;
    this.status.textContent = this.roll.length
      ? `Blue: yours, ${played} steps. Orange, with a line: the model's, ${made}. The mean step was ${percent(Math.exp(-sum / Math.max(1, this.nats.length)))} likely.`
      : "";
    this.draw();
  }

  private paint(): void {
    const { canvas, about } = this;
    const room = canvas.parentElement!.clientWidth;
    const each = 14;
    const width = Math.min(16000, Math.max(room, this.roll.length * each + 40));
    const height = 200;
    const ratio = width > 8000 ? 1 : devicePixelRatio;
    canvas.style.width = `${width}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const g = canvas.getContext("2d")!;
    g.scale(ratio, ratio);
    const keys = about.high - about.low + 1;
    const high = height / keys;
    const [cool, warm, line, ink] = ["cool", "warm", "line", "ink"].map(colour) as [
      string,
      string,
      string,
      string,
    ];
    g.fillStyle = line;
    for (let key = about.low; key <= about.high; key++)
      if (key % 12 === 0) g.fillRect(0, (about.high - key + 1) * high, width, 1);
    this.roll.forEach((step, t) => {
      for (const key of step) {
        const y = (about.high - key) * high;
        g.fillStyle = this.theirs[t] ? warm : cool;
        g.fillRect(t * each, y, each - 1, Math.max(2, high - 1));
        if (this.theirs[t]) {
          g.fillStyle = ink;
          g.fillRect(t * each, y + Math.max(2, high - 1) - 1, each - 1, 1);
        }
      }
    });
    if (this.head >= 0) {
      g.fillStyle = ink;
      g.fillRect(this.head * each, 0, 1.5, height);
    }
  }
}
