// `classify`, `regress`, `tag`: the answer while a text is written or a drawing is drawn; and files that are dropped.

import { h, onFrame, text } from "../dom";
import type { Tensor } from "../frame";
import { Failed, Latest } from "../live";
import { bars } from "../parts/bars";
import { lines } from "../parts/lines";
import { type MemoryAsked, type MemorySaid, MemoryStrip } from "../parts/memory";
import { PenSheet, type Strokes } from "../parts/pen";
import { Aligned, shade } from "../parts/words";
import { changed, rgb } from "../theme";
import { LivePage } from "./page";

interface About {
  task: string;
  kind: string; // of what it reads: text, strokes, series, image, audio, frames
  columns: string[];
  endings: string[]; // of files that it reads
  each: boolean; // an answer for each step, and not one for all
  size: number; // how far a usual drawing reaches from its first point, in its own units
}

// With `answers` [steps, names], `rests` [steps], of pictures `within` [height, width], and the strip.
interface Seen {
  words: string[];
  said: string[];
  names: string[];
  cut: boolean;
  memory: MemorySaid;
}

// What this page needs of the server.
type Calls = {
  see: { asks: { values: unknown[]; of: string | null; memory: MemoryAsked }; gives: Seen };
  drop: { asks: { name: string; content: string; of: string | null; memory: MemoryAsked }; gives: Seen };
};

export class LabelPage extends LivePage<About, Calls> {
  private about: About | null = null;
  private dropped: { name: string; content: string } | null = null;
  private strokes: Strokes = [];
  private of: string | null = null; // the answer that is asked about; the likeliest one if none is chosen
  private seen: { words: string[]; rests: Float32Array } | null = null;

  private readonly asks = new Latest();
  private readonly shadeSoon = onFrame(() => this.shade());
  private readonly input = h("section", { class: "card writing", "aria-label": "Input" });
  private readonly answer = h("section", { class: "card next", "aria-label": "Answer" });
  private readonly headline = h("p", { class: "headline", role: "status" });
  private readonly likely = text("div", "");
  private readonly legend = text("p", "legend");
  private readonly note = text("p", "soft");
  private readonly words = text("p", "tagged");
  private readonly way = h("section", { class: "card wide", "aria-label": "Step by step", hidden: true });
  private readonly memory = new MemoryStrip();
  private readonly pen = new PenSheet();
  private readonly picture = h("canvas", { class: "picture", role: "img", hidden: true });
  private image: HTMLImageElement | null = null;
  private readonly file = h("input", { type: "file", hidden: true });
  private areas: HTMLTextAreaElement[] = [];
  private readonly ground = document.createTextNode("");

  protected build(): void {
    this.memory.onwant = () => this.look();
    this.memory.called = (step) => this.seen?.words[step] ?? "";
    this.pen.ondraw = (strokes) => {
      this.strokes = strokes;
      this.look();
    };
    this.file.onchange = () => void this.load(this.file.files?.[0]);
    this.ondragover = (event) => event.preventDefault();
    this.ondrop = (event) => {
      event.preventDefault();
      void this.load(event.dataTransfer?.files[0]);
    };
    changed.addEventListener("change", this.shadeSoon);
    this.answer.append(text("h2", "", "Answer"), this.headline, this.likely, this.note);
    this.append(
      this.input,
      this.answer,
      this.way,
      h("section", { class: "card wide", "aria-label": "Memory" }, {}, text("h2", "", "Memory"), this.memory),
    );
  }

  protected opened(about: About): void {
    const first = this.about === null;
    this.about = about;
    this.note.textContent =
      this.model.why_not && about.kind !== "strokes"
        ? "It reads from both ends, so each answer is to the whole input."
        : "";
    if (first) this.begin(about);
    this.look();
  }

  /** The way in: a text for each column, a sheet, or files. */
  private begin(about: About): void {
    const { kind, columns, endings } = about;
    if (kind === "strokes") {
      this.input.append(
        text(
          "div",
          "row",
          text("h2", "", "Draw"),
          text("span", "space"),
          this.button("Clear", () => this.pen.clear()),
        ),
        this.pen,
        this.legend,
      );
      return;
    }
    if (endings.length) {
      this.file.accept = endings.join(",");
      this.input.append(
        text(
          "div",
          "row",
          text("h2", "", "Drop a file"),
          text("span", "space"),
          this.button("Choose a file", () => this.file.click()),
        ),
        text("p", "soft", `A file that ends in ${endings.join(", ")}: drop it here, or choose one.`),
        this.file,
        this.picture,
        this.legend,
      );
      return;
    }
    this.areas = columns.map((column) =>
      h("textarea", {
        "aria-label": columns.length > 1 ? column : "Text",
        spellcheck: "false",
        placeholder: kind === "series" ? "Numbers: a step in each line" : "Write, and see the answer change.",
      }),
    );
    for (const area of this.areas) area.oninput = () => this.look();
    const [only, ...rest] = this.areas;
    if (only && !rest.length)
      this.input.append(
        text("div", "editor", h("div", { class: "ground", "aria-hidden": "true" }, {}, this.ground), only),
      );
    else
      for (const [i, area] of this.areas.entries())
        this.input.append(h("label", { class: "field" }, {}, text("span", "", columns[i]!), area));
    this.input.append(this.words, this.legend);
    only?.focus({ preventScroll: true });
  }

  private button(name: string, click: () => void): HTMLButtonElement {
    return h("button", { type: "button" }, { onclick: click }, name);
  }

  private async load(file: File | undefined): Promise<void> {
    if (!file) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    let content = "";
    for (let i = 0; i < bytes.length; i += 0x8000)
      content += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    this.dropped = { name: file.name, content: btoa(content) };
    this.image = null;
    if (file.type.startsWith("image/")) {
      const image = new Image();
      image.src = URL.createObjectURL(file);
      await image.decode().catch(() => {});
      this.image = image;
    }
    this.of = null;
    this.look();
  }

  // ---- with the server

  private look(): void {
    const { about } = this;
    if (!about) return;
    this.ground.data = `${this.areas[0]?.value ?? ""}\n`;
    const values = this.values(about);
    if (!values && !this.dropped) {
      this.nothing();
      return;
    }
    this.asks.run(async () => {
      const asked = { of: this.of, memory: this.memory.asked() };
      try {
        const part = this.dropped
          ? await this.live.one("drop", { ...this.dropped, ...asked })
          : await this.live.one("see", { values: values!, ...asked });
        if (part.words) this.show(about, part as Seen & { tensors: Record<string, Tensor> });
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        this.nothing(error.message);
      }
    });
  }

  /** What is asked about, a value for each column; null where there is nothing yet. */
  private values(about: About): unknown[] | null {
    if (about.kind === "strokes") {
      const side = 3 * about.size; // so that a usual drawing fills most of the sheet
      const drawn = this.strokes.filter((stroke) => stroke.length > 1);
      return drawn.length ? [drawn.map((stroke) => stroke.map(([x, y]) => [x * side, y * side]))] : null;
    }
    if (!this.areas.length || this.areas.some((area) => !area.value.trim())) return null;
    if (about.kind !== "series") return this.areas.map((area) => area.value);
    return this.areas.map((area) =>
      area.value
        .trim()
        .split(/\n/)
        .map((line) =>
          line
            .trim()
            .split(/[\s,;]+/)
            .map(Number),
        )
        .map((row) => (row.length > 1 ? row : row[0])),
    );
  }

  private nothing(why = ""): void {
    this.headline.textContent = why || "Nothing yet";
    this.headline.classList.toggle("soft", true);
    this.likely.replaceChildren();
    this.words.replaceChildren();
    this.way.hidden = true;
    this.seen = null;
    this.memory.clear();
    this.pen.shade(null);
    this.shadeSoon();
  }

  // ---- what is shown

  private show(about: About, seen: Seen & { tensors: Record<string, Tensor> }): void {
    const { answers, rests, within } = seen.tensors;
    const [steps = 0, count = 0] = answers!.shape;
    const at = (t: number, k: number): number => answers!.data[t * count + k]!;
    const named = !seen.names[0]?.startsWith("number ");
    this.seen = { words: seen.words, rests: rests!.data as Float32Array };
    this.headline.classList.toggle("soft", false);
    this.headline.textContent = about.each
      ? `${steps} ${steps === 1 ? "label" : "labels"}`
      : seen.said.at(-1)! || "none";
    const rows = seen.names.map((name, k) => ({ name, p: at(steps - 1, k) }));
    this.likely.replaceChildren(
      named
        ? bars(rows.slice(0, 8), (k) => {
            this.of = this.of === seen.names[k] ? null : seen.names[k]!;
            this.look();
          })
        : text("span", ""),
    );
    if (about.each)
      this.words.replaceChildren(
        ...seen.words.map((word, t) =>
          h(
            "span",
            { class: seen.said[t] === "O" ? "" : "hit" },
            {},
            this.written(t, word),
            text("small", "", seen.said[t]!),
          ),
        ),
      );
    const asked = this.of ?? seen.said.at(-1);
    this.legend.textContent = `Blue speaks for “${asked}”, orange against it: the gradient times what was read.${
      named && !about.each ? " Click another answer to ask about it." : ""
    }${seen.cut ? ` Only the first ${steps} steps are read.` : ""}`;
    this.way.hidden = about.each || steps < 2;
    if (!this.way.hidden) {
      const curves = seen.names
        .map((name, k) => ({ name, values: Array.from({ length: steps }, (_, t) => at(t, k)) }))
        .slice(0, 4);
      this.way.replaceChildren(
        text("h2", "", "How the answer came about"),
        lines(curves, named, `How probable each answer is after each of ${steps} steps`),
      );
    }
    if (seen.memory) {
      this.memory.clear();
      this.memory.take(seen.memory, seen.tensors);
    }
    if (within && this.image) this.over(within);
    this.shadeSoon();
  }

  /** A word as it stands in the text, where the model does not know it. */
  private written(t: number, word: string): string {
    const whole = this.areas[0]?.value.trim().split(/\s+/) ?? [];
    return whole.length === this.seen?.words.length ? whole[t]! : word;
  }

  private shade(): void {
    const values = this.seen?.rests ?? new Float32Array();
    let most = 1e-9;
    for (const v of values) most = Math.max(most, Math.abs(v));
    if (this.about?.kind === "strokes") {
      this.pen.shade(this.seen ? Float32Array.from(values, (v) => v / most) : null);
      return;
    }
    const aligned = new Aligned();
    aligned.set(0, this.seen?.words ?? [], this.areas[0]?.value ?? "");
    shade(
      this.ground,
      aligned.ends.map((end, t) => [aligned.begin(t), end, (values[t] ?? 0) / most]),
    );
  }

  /** The picture, and over it where it spoke for the answer and where against it. */
  private over(within: Tensor): void {
    const [high = 1, wide = 1] = within.shape;
    const values = within.data as Float32Array;
    let most = 1e-9;
    for (const v of values) most = Math.max(most, Math.abs(v));
    const map = document.createElement("canvas");
    map.width = wide;
    map.height = high;
    const pixels = map.getContext("2d")!.createImageData(wide, high);
    const [cool, warm] = [rgb("cool"), rgb("warm")];
    values.forEach((v, i) => {
      const [r, g, b] = v > 0 ? cool : warm;
      pixels.data.set([r, g, b, Math.round((200 * Math.abs(v)) / most)], 4 * i);
    });
    map.getContext("2d")!.putImageData(pixels, 0, 0);
    this.picture.hidden = false;
    this.picture.width = 480;
    this.picture.height = Math.round(
      (480 * this.image!.naturalHeight) / Math.max(1, this.image!.naturalWidth),
    );
    this.picture.setAttribute("aria-label", "The picture, shaded by what each part did for the answer");
    const context = this.picture.getContext("2d")!;
    context.drawImage(this.image!, 0, 0, this.picture.width, this.picture.height);
    context.drawImage(map, 0, 0, this.picture.width, this.picture.height);
  }
}
