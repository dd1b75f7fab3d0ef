// The texts that were found for an input: a list of the best, the links of the one that is chosen, and the memory.

import { h, percent, text } from "../dom";
import type { Tensor } from "../frame";
import { WordLinks } from "./links";
import { type MemoryAsked, type MemorySaid, MemoryStrip } from "./memory";

export interface FoundText {
  text: string;
  log_prob: number;
  pieces: string[]; // its tokens, and the end
}

/** What a frame may say; the arrays `p.0`, `attention.0` and so on come with the texts. */
export interface FoundSaid {
  source: string[];
  texts: FoundText[];
  cut: number; // tokens of an input of which only some are read
  memory: MemorySaid;
}

/** How an answer is asked for. */
export interface HowAsked {
  num_beams?: number;
  temperature?: number;
  seed?: number;
  memory: MemoryAsked;
}

/** The calls of every page that shows found texts. */
export type FoundCalls = {
  look: { asks: { memory: MemoryAsked }; gives: { memory: MemorySaid } };
  rests: { asks: { text: number }; gives: Record<never, never> }; // `rests`
};

export interface FoundAbout {
  both: boolean; // whether the encoder reads from both ends
  attends: boolean;
  rests: boolean; // whether what a word rests on lies in the same places as where it looked
}

/** What the list asks of its page. */
interface Wants {
  rests: (text: number) => Promise<Record<string, Tensor>>; // the array `rests` of a text
  look: (memory: MemoryAsked) => void; // another strip
  again: () => void; // an answer that is found in another way
  choose: (text: string) => void; // told which text is taken
}

type Part = Partial<FoundSaid> & { tensors: Record<string, Tensor> };
type Lens = "attention" | "rests";

const WAYS: [string, string, object][] = [
  ["4", "Search, 4 beams", { num_beams: 4 }],
  ["12", "Search, 12 beams", { num_beams: 12 }],
  ["1", "Always the likeliest", { num_beams: 1 }],
  ["0.7", "Dice, careful", { temperature: 0.7 }],
  ["1.0", "Dice", { temperature: 1.0 }],
];

export class Found {
  readonly links = new WordLinks();
  readonly memory = new MemoryStrip();
  private said: Part = { tensors: {} };
  private chosen = 0;
  private lens: Lens = "attention";
  private rested: (Float32Array | null)[] = [];
  private seed = 1;
  private layer = "";
  private readonly lenses = h("div", {
    class: "segments",
    role: "group",
    "aria-label": "Lines between words",
  });
  private readonly best = h("ol", { class: "nbest", "aria-label": "The best texts" });
  private readonly note = text("p", "soft");
  private readonly legend = text("p", "legend");
  private readonly dice = h(
    "button",
    { type: "button", hidden: true },
    {
      onclick: () => {
        this.seed++;
        this.wants.again();
      },
    },
    "Other dice",
  );
  private readonly way = h(
    "select",
    { "aria-label": "How it is found" },
    {
      onchange: () => {
        this.dice.hidden = !("temperature" in this.how());
        this.wants.again();
      },
    },
    ...WAYS.map(([value, name]) => h("option", { value }, {}, name)),
  );

  constructor(private readonly wants: Wants) {
    this.memory.called = (step) => this.called(step);
    this.memory.onwant = () => this.wants.look(this.memory.asked());
  }

  private how(): object {
    return WAYS.find(([value]) => value === this.way.value)?.[2] ?? {};
  }

  /** What to send with a call. */
  asked(): HowAsked {
    const how = this.how();
    return { ...how, ...("temperature" in how ? { seed: this.seed } : {}), memory: this.memory.asked() };
  }

  /** The cards; `title` is that of the list. */
  cards(title: string): { list: HTMLElement; links: HTMLElement; memory: HTMLElement } {
    return {
      list: h(
        "section",
        { class: "card", "aria-label": title },
        {},
        text("div", "row", text("h2", "", title), text("span", "space"), this.dice, this.way),
        this.best,
        this.note,
      ),
      links: h(
        "section",
        { class: "card wide", "aria-label": "Words" },
        {},
        text("div", "row", text("h2", "", "Where each word comes from"), text("span", "space"), this.lenses),
        this.links,
        this.legend,
      ),
      memory: h(
        "section",
        { class: "card wide", "aria-label": "Memory" },
        {},
        text("h2", "", "Memory"),
        this.memory,
      ),
    };
  }

  opened(about: FoundAbout): void {
    if (!about.attends && about.rests) this.lens = "rests";
    this.note.textContent = about.both
      ? "The encoder reads from both ends, so an answer begins when the input is over; it is shown whole."
      : "The encoder reads from the beginning to the end, so it can take an input as it comes.";
    const names: [Lens, string][] = [
      ["attention", "Where it looked"],
      ["rests", "What it rests on"],
    ];
    this.note.hidden = !about.rests;
    this.lenses.hidden = !(about.attends && about.rests);
    this.lenses.replaceChildren(
      ...names
        .filter(([lens]) => about[lens === "rests" ? "rests" : "attends"])
        .map(([lens, name]) =>
          h(
            "button",
            { type: "button", "aria-pressed": String(lens === this.lens), "data-lens": lens },
            { onclick: () => this.look(lens) },
            name,
          ),
        ),
    );
  }

  take(part: Part): void {
    if (part.texts) {
      this.said = part;
      this.chosen = 0;
      this.rested = [];
      this.list();
      void this.link();
    }
    if (part.cut)
      this.note.textContent = `The input has ${part.cut.toLocaleString("en")} tokens; not all are read.`;
    if (part.memory) {
      this.layer = part.memory.layer;
      this.memory.take(part.memory, part.tensors);
    }
  }

  private look(lens: Lens): void {
    this.lens = lens;
    for (const one of this.lenses.querySelectorAll("button"))
      one.setAttribute("aria-pressed", String(one.dataset.lens === lens));
    void this.link();
  }

  private list(): void {
    const texts = this.said.texts ?? [];
    this.best.replaceChildren(
      ...texts.map((one, n) =>
        text(
          "li",
          "",
          h(
            "button",
            { type: "button", "aria-pressed": String(n === this.chosen) },
            {
              onclick: () => {
                this.chosen = n;
                this.list();
                void this.link();
                this.wants.choose(one.text);
              },
            },
            text("span", "found", one.text || "(nothing)"),
            text("small", "", `${percent(Math.exp(one.log_prob / one.pieces.length))} a token`),
          ),
        ),
      ),
    );
  }

  private async link(): Promise<void> {
    const { source, texts, tensors } = this.said;
    const n = this.chosen;
    const one = texts?.[n];
    if (!source || !one) {
      this.links.show({ source: [], target: [], weights: null, p: null, signed: false });
      return;
    }
    if (this.lens === "rests" && this.rested[n] === undefined) {
      this.rested[n] = null;
      const said = this.said;
      const came = await this.wants.rests(n);
      if (said !== this.said) return;
      this.rested[n] = (came.rests?.data as Float32Array | undefined) ?? null;
    }
    const signed = this.lens === "rests";
    const data = signed ? this.rested[n] : (tensors[`attention.${n}`]?.data as Float32Array | undefined);
    this.legend.textContent = signed
      ? "Blue speaks for a word, dashed orange against it: the gradient times what was read."
      : "The share of its attention that the decoder gave each of them before it wrote the next word.";
    this.links.show({
      source,
      target: one.pieces,
      weights: data ?? null,
      p: (tensors[`p.${n}`]?.data as Float32Array | undefined) ?? null,
      signed,
    });
  }

  /** What a step of the strip read: the encoder reads the input, the decoder what it wrote before. */
  private called(step: number): string {
    const { source, texts } = this.said;
    if (this.layer.startsWith("encode")) return source?.[step] ?? "";
    return step ? (texts?.[0]?.pieces[step - 1] ?? "") : "the beginning";
  }
}
