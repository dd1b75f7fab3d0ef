// `forecast`: series in a list; one of them with its bands, whose points are moved and fed; and the memory.

import { brief, h, onFrame, text } from "../dom";
import { Latest } from "../live";
import { type MemoryAsked, type MemorySaid, MemoryStrip } from "../parts/memory";
import { SeriesChart, SURPRISING } from "../parts/series";
import { LivePage } from "./page";

interface About {
  horizon: number;
  channels: number;
  levels: number[];
  columns: string[];
  known: string[];
}

type Point = (number | null)[]; // a number of each channel

// What this page needs of the server.
type Calls = {
  read: {
    asks: { name: string; text: string };
    gives: { series: { name: string; steps: number }[]; more: number; name: string }; // and `sparks`
  };
  open: { asks: { series: number; memory: MemoryAsked }; gives: Opened & Moved };
  write: { asks: { keep: number; points: Point[]; memory: MemoryAsked }; gives: Moved };
  look: { asks: { memory: MemoryAsked }; gives: { memory: MemorySaid } };
  rests: { asks: object; gives: { steps: number } };
};
interface Opened {
  name: string;
  cut: number; // points at its beginning that are left out
  points: Point[];
  times: string[];
}
// With `expected` and `score` of points from a row on; then `quantiles` of what is to come, and the strip.
interface Moved {
  row: number;
  taken: number;
  ahead: string[];
  memory: MemorySaid;
}

const RATES = [1, 10, 100, 1000];
const VIEWS: [string, number][] = [
  ["60", 60],
  ["120", 120],
  ["500", 500],
  ["all", 0],
];

export class ForecastPage extends LivePage<About, Calls> {
  private about: About | null = null;
  private source: { name: string; text: string } = { name: "", text: "" };
  private index = 0;
  private points: Point[] = [];
  private original: Point[] = [];
  private times: string[] = [];
  private ahead: string[] = [];
  private expected: Point[] = [];
  private score: Point[] = [];
  private quantiles: { shape: number[]; data: ArrayLike<number> } | null = null;
  private ghost: (number | null)[] | null = null;
  private channel = 0;
  private sent = 0; // points that the server has as they stand here
  private rate = 10;
  private playing = 0; // the place in the original from which it is fed on; 0: not
  private owed = 0;
  private last = 0;
  private fresh = true;

  private readonly moves = new Latest(() => this.live.stop());
  private readonly chart = new SeriesChart();
  private readonly memory = new MemoryStrip();
  private readonly list = h("div", { class: "list", role: "listbox", "aria-label": "Series", tabindex: -1 });
  private readonly heading = text("h2", "");
  private readonly note = h("p", { class: "soft" });
  private readonly views = h("div", { class: "segments", role: "group", "aria-label": "Points in view" });
  private readonly channels = h("select", { "aria-label": "What is shown", hidden: true });
  private readonly value = h("input", {
    type: "number",
    step: "any",
    "aria-label": "Next value",
    placeholder: "next value",
  });
  private readonly play = h("button", { type: "button" }, { onclick: () => this.replay() }, "Replay");
  private readonly file = h("input", { type: "file", accept: ".csv,.tsv,.txt,.jsonl", hidden: true });
  private readonly redraw = onFrame(() => this.draw());

  protected build(): void {
    this.chart.onmove = (at, value) => this.move(at, value);
    this.chart.onlet = () => this.dropped();
    this.memory.called = (step) => this.times[step] ?? `step ${step + 1}`;
    this.memory.onwant = () => void this.look();
    this.file.onchange = () => void this.load(this.file.files?.[0]);
    this.channels.onchange = () => {
      this.channel = Number(this.channels.value);
      this.redraw();
    };
    this.ondragover = (event) => event.preventDefault();
    this.ondrop = (event) => {
      event.preventDefault();
      void this.load(event.dataTransfer?.files[0]);
    };
    const rates = h(
      "select",
      { "aria-label": "Points a second" },
      {
        onchange: (event) => {
          this.rate = Number((event.target as HTMLSelectElement).value);
        },
      },
      ...RATES.map((rate) =>
        h(
          "option",
          { value: rate, selected: rate === this.rate },
          {},
          `${rate.toLocaleString("en")} a second`,
        ),
      ),
    );
    const feed = h(
      "form",
      { class: "row", "aria-label": "Feed" },
      {
        onsubmit: (event) => {
          event.preventDefault();
          this.feed(this.value.valueAsNumber);
          this.value.value = "";
        },
      },
      this.value,
      h("button", { type: "submit" }, {}, "Add"),
      h("button", { type: "button" }, { onclick: () => this.feed(this.median()) }, "Add the median"),
      text("span", "space"),
      this.play,
      rates,
    );
    const pick = h(
      "button",
      { type: "button", class: "primary" },
      { onclick: () => this.file.click() },
      "Open a table",
    );
    this.append(
      h(
        "section",
        { class: "card series", "aria-label": "Series" },
        {},
        text("div", "row", text("h2", "", "Series"), text("span", "space"), pick, this.file),
        this.note,
        this.list,
      ),
      h(
        "section",
        { class: "card", "aria-label": "Forecast" },
        {},
        text(
          "div",
          "row",
          this.heading,
          this.channels,
          text("span", "space"),
          this.views,
          h("button", { type: "button" }, { onclick: () => void this.open(this.index) }, "Undo changes"),
        ),
        this.chart,
        feed,
      ),
      h("section", { class: "card wide", "aria-label": "Memory" }, {}, text("h2", "", "Memory"), this.memory),
    );
    this.showViews(120);
  }

  protected opened(about: About): void {
    this.about = about;
    const names = about.columns.slice(-about.channels);
    this.channels.hidden = about.channels < 2;
    this.channels.replaceChildren(...names.map((name, i) => h("option", { value: i }, {}, name)));
    void this.again();
  }

  /** After a start of the connection: read the table again, and go on with the series as it was changed. */
  private async again(): Promise<void> {
    const points = this.points;
    await this.read(this.source);
    await this.open(this.index);
    if (!this.fresh && points.length) {
      this.points = points;
      this.send(0);
    }
    this.fresh = false;
  }

  // ---- series

  private async load(file: File | undefined): Promise<void> {
    if (!file) return;
    const source = { name: file.name, text: await file.text() };
    try {
      await this.read(source);
    } catch (error) {
      this.note.textContent = error instanceof Error ? error.message : "it cannot be read";
      this.note.setAttribute("role", "alert");
      return;
    }
    this.source = source;
    await this.open(0);
  }

  private async read(source: { name: string; text: string }): Promise<void> {
    const part = await this.live.one("read", source);
    const sparks = part.tensors.sparks!;
    const wide = sparks.shape[1]!;
    this.list.replaceChildren(
      ...part.series!.map((row, i) =>
        h(
          "button",
          { type: "button", role: "option", "aria-selected": "false" },
          { onclick: () => void this.open(i) },
          text("span", "name", row.name),
          spark((sparks.data as Float32Array).subarray(i * wide, (i + 1) * wide)),
          text("small", "", row.steps.toLocaleString("en")),
        ),
      ),
    );
    const columns = this.about?.columns.join(", ") ?? "";
    this.note.removeAttribute("role");
    const more = part.more ? ` And ${part.more} more that are not listed.` : "";
    this.note.textContent = part.name
      ? `${part.name}${more}`
      : `An example. Drop a table with the columns ${columns}, or open one.`;
  }

  private async open(index: number): Promise<void> {
    this.stop();
    this.index = index;
    [...this.list.children].forEach((one, i) => {
      one.setAttribute("aria-selected", String(i === index));
    });
    this.ghost = null;
    this.expected = [];
    this.score = [];
    this.ahead = [];
    this.quantiles = null;
    this.memory.clear();
    await this.live.ask("open", { series: index, memory: this.memory.asked() }, (part) => {
      if (part.points && part.times) {
        this.points = part.points.map((point) => [...point]);
        this.original = part.points;
        this.times = part.times;
        this.sent = part.points.length;
        this.heading.textContent = part.name ?? "";
      }
      this.take(part);
    });
  }

  private take(
    part: Partial<Moved> & { tensors: Record<string, { shape: number[]; data: ArrayLike<number> }> },
  ): void {
    const { expected, score, quantiles } = part.tensors;
    if (part.row !== undefined && expected && score) {
      const [rows = 0, channels = 1] = expected.shape;
      for (let i = 0; i < rows; i++) {
        this.expected[part.row + i] = row(expected.data, i, channels);
        this.score[part.row + i] = row(score.data, i, channels);
      }
    }
    if (part.ahead) {
      this.ahead = part.ahead;
      this.quantiles = quantiles ?? null;
    }
    if (part.memory) this.memory.take(part.memory, part.tensors as never);
    this.redraw();
  }

  private async look(): Promise<void> {
    this.take(await this.live.one("look", { memory: this.memory.asked() }));
  }

  // ---- changes

  private move(at: number, value: number): void {
    this.ghost ??= this.medians();
    this.points[at]![this.channel] = value;
    this.redraw();
    this.send(at);
  }

  private dropped(): void {
    this.say(`The forecast of the next step is now ${brief(this.median())}`);
  }

  /** Send the points from this one on. */
  private send(from: number): void {
    this.sent = Math.min(this.sent, from);
    this.moves.run(async () => {
      const keep = this.sent;
      const points = this.points.slice(keep);
      this.sent = this.points.length;
      let taken = keep;
      await this.live.ask("write", { keep, points, memory: this.memory.asked(keep) }, (part) => {
        taken = part.taken ?? taken;
        this.take(part);
      });
      this.sent = Math.min(this.sent, taken);
    });
  }

  private feed(value: number): void {
    if (!Number.isFinite(value)) return;
    const point = this.points.at(-1)?.map(() => null as number | null) ?? [null];
    point[this.channel] = value;
    for (let c = 0; c < point.length; c++) point[c] ??= this.medians(c)[0] ?? null;
    this.add([point]);
  }

  private add(points: Point[]): void {
    this.ghost = null;
    const from = this.points.length;
    for (const point of points) {
      if (this.times.length <= this.points.length)
        this.times.push(this.ahead[0] ?? String(this.times.length + 1));
      this.points.push([...point]);
    }
    this.redraw();
    this.send(from);
  }

  // ---- the series once more, point by point

  private replay(): void {
    if (this.playing) {
      this.stop();
      return;
    }
    const from = Math.max(1, Math.min(this.original.length - 1, Math.floor(this.original.length / 4)));
    this.points = this.original.slice(0, from).map((point) => [...point]);
    this.expected.length = this.score.length = from;
    this.ghost = null;
    this.send(0);
    this.playing = from;
    this.owed = 0;
    this.last = performance.now();
    this.play.textContent = "Pause";
    requestAnimationFrame((now) => this.tick(now));
  }

  private stop(): void {
    this.playing = 0;
    this.play.textContent = "Replay";
  }

  private tick(now: number): void {
    if (!this.playing || !this.isConnected) return;
    this.owed += (this.rate * (now - this.last)) / 1000;
    this.last = now;
    const count = Math.max(0, Math.floor(this.owed));
    this.owed -= count;
    if (count) {
      this.add(this.original.slice(this.playing, this.playing + count));
      this.playing += count;
    }
    if (this.playing >= this.original.length) this.stop();
    else requestAnimationFrame((next) => this.tick(next));
  }

  // ---- drawing

  private medians(channel = this.channel): (number | null)[] {
    const middle = this.about?.levels.indexOf(0.5) ?? 0;
    return this.quantile(middle, channel);
  }

  private quantile(level: number, channel: number): (number | null)[] {
    if (!this.quantiles) return [];
    const [, steps = 0, channels = 1] = this.quantiles.shape;
    return Array.from(
      { length: steps },
      (_, t) => this.quantiles!.data[(level * steps + t) * channels + channel]!,
    );
  }

  private median(): number {
    return this.medians()[0] ?? Number.NaN;
  }

  private draw(): void {
    const { about, channel } = this;
    if (!about || !this.points.length) return;
    const column = (values: Point[]) => this.points.map((_, i) => values[i]?.[channel] ?? null);
    const surprise = column(this.score);
    this.chart.show({
      times: [...this.times.slice(0, this.points.length), ...this.ahead],
      points: column(this.points),
      expected: column(this.expected),
      surprise,
      ahead: about.levels.map((_, level) => this.quantile(level, channel)),
      levels: about.levels,
      before: this.ghost,
    });
    const odd = surprise.filter((s) => s !== null && Math.abs(s) >= SURPRISING).length;
    this.list.children[this.index]?.setAttribute("title", `${odd} points surprised`);
  }

  private showViews(chosen: number): void {
    this.chart.view(chosen);
    this.views.replaceChildren(
      ...VIEWS.map(([name, points]) =>
        h(
          "button",
          { type: "button", "aria-pressed": String(points === chosen) },
          { onclick: () => this.showViews(points) },
          name,
        ),
      ),
    );
  }
}

const row = (values: ArrayLike<number>, at: number, channels: number): Point =>
  Array.from({ length: channels }, (_, c) => {
    const v = values[at * channels + c]!;
    return Number.isFinite(v) ? v : null;
  });

/** A series in a line. */
function spark(values: Float32Array): SVGElement {
  const name = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(name, "svg");
  svg.setAttribute("viewBox", "0 0 100 24");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(name, "path");
  const at = [...values]
    .map((v, i) => [(100 * i) / Math.max(1, values.length - 1), 22 - 20 * v] as const)
    .filter(([, y]) => Number.isFinite(y));
  path.setAttribute("d", at.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join(""));
  svg.append(path);
  return svg;
}
