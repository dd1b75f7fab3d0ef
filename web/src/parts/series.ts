// A series with what was expected of it and what is to come: points that are dragged, bands, marks where it surprised.

import uPlot from "uplot";
import { brief, colour, h, onFrame } from "../dom";
import { changed, rgb } from "../theme";

export interface Shown {
  times: string[]; // of all points, then of the steps to come
  points: (number | null)[];
  expected: (number | null)[]; // of each point, a step before
  surprise: (number | null)[]; // how far off it was, in halves of the interval that holds 80 %
  ahead: (number | null)[][]; // by the level, then by the step to come
  levels: number[];
  before: (number | null)[] | null; // what was to come before the change, from the same place on
}

export const SURPRISING = 3;
const NEAR = 18; // pixels at which a point is taken hold of

export class SeriesChart extends HTMLElement {
  /** Told while a point is dragged, and by keys. */
  onmove: (at: number, value: number) => void = () => {};
  /** Told when a point is let go. */
  onlet: () => void = () => {};

  private plot: uPlot | null = null;
  private shown: Shown | null = null;
  private window = 120; // points that are in view, the last ones
  private held: number | null = null;
  private chosen: number | null = null;
  private levels = 0;
  private readonly host = h("div", { class: "plot" });
  private readonly reading = h("output", { class: "reading" });
  private readonly draw = onFrame(() => this.paint());
  private readonly sized = new ResizeObserver(() => {
    this.plot?.setSize({ width: this.host.clientWidth, height: this.high });
  });

  connectedCallback(): void {
    if (!this.host.isConnected) {
      this.host.tabIndex = 0;
      this.host.setAttribute("role", "img");
      this.append(this.host, this.reading);
      this.host.addEventListener("keydown", (event) => this.key(event));
    }
    this.sized.observe(this.host);
    changed.addEventListener("change", this.again);
  }

  disconnectedCallback(): void {
    this.sized.disconnect();
    changed.removeEventListener("change", this.again);
  }

  get high(): number {
    return this.host.clientWidth < 500 ? 260 : 340;
  }

  show(shown: Shown): void {
    this.shown = shown;
    this.draw();
  }

  /** Show so many of the last points; 0 shows all. */
  view(points: number): void {
    this.window = points;
    this.draw();
  }

  private readonly again = (): void => {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
  };

  // ---- drawing

  private data(shown: Shown): uPlot.AlignedData {
    const n = shown.points.length;
    const total = n + (shown.ahead[0]?.length ?? 0);
    const from = this.window ? Math.max(0, n - this.window) : 0;
    const x: number[] = [];
    for (let i = from; i < total; i++) x.push(i);
    const past = (values: (number | null)[]) => x.map((i) => (i < n ? (values[i] ?? null) : null));
    // what is to come begins at the last point, so that nothing gapes
    const future = (values: (number | null)[]) =>
      x.map((i) => (i >= n ? (values[i - n] ?? null) : i === n - 1 ? (shown.points[i] ?? null) : null));
    return [
      x,
      past(shown.points),
      past(shown.expected),
      future(shown.before ?? []),
      ...shown.ahead.map(future),
    ] as uPlot.AlignedData;
  }

  private paint(): void {
    const { shown } = this;
    if (!shown || !this.host.clientWidth) return;
    if (this.levels !== shown.levels.length) {
      this.plot?.destroy();
      this.plot = null;
      this.levels = shown.levels.length;
    }
    const data = this.data(shown);
    if (this.plot) this.plot.setData(data);
    else this.make(shown, data);
    const marks = shown.surprise.filter((s) => s !== null && Math.abs(s) >= SURPRISING).length;
    this.host.setAttribute(
      "aria-label",
      `A series of ${shown.points.length} points and a forecast of ${shown.ahead[0]?.length ?? 0} steps; ${marks} points surprised. Left and right choose a point, up and down move it.`,
    );
    this.read();
  }

  private make(shown: Shown, data: uPlot.AlignedData): void {
    const [r, g, b] = rgb("accent");
    const middle = shown.levels.indexOf(0.5);
    const half = Math.floor(shown.levels.length / 2);
    const clear = `rgba(${r},${g},${b},0)`;
    const line = (stroke: string, width: number, dash?: number[]): uPlot.Series => ({
      stroke,
      width,
      points: { show: false },
      ...(dash ? { dash } : {}),
    });
    this.plot = new uPlot(
      {
        width: this.host.clientWidth,
        height: this.high,
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false } },
        scales: { x: { time: false } },
        axes: [
          {
            stroke: colour("soft"),
            grid: { show: false },
            ticks: { show: false },
            space: 110,
            size: 30,
            font: "12px system-ui, sans-serif",
            values: (_plot, at) =>
              at.map((i) => (Number.isInteger(i) ? short(this.shown?.times[i] ?? "") : "")),
          },
          {
            stroke: colour("soft"),
            grid: { stroke: colour("line"), width: 1 },
            ticks: { show: false },
            size: 52,
            font: "12px system-ui, sans-serif",
            values: (_plot, at) => at.map(brief),
          },
        ],
        series: [
          {},
          { ...line(colour("ink"), 1.5), points: { show: true, size: 5, space: 7, fill: colour("panel") } },
          line(colour("soft"), 1, [2, 3]),
          line(colour("warm"), 1.5, [5, 4]),
          ...shown.levels.map((_, i) => line(i === middle ? colour("accent") : clear, i === middle ? 2 : 0)),
        ],
        bands: Array.from({ length: half }, (_, i) => ({
          series: [4 + shown.levels.length - 1 - i, 4 + i] as [number, number],
          fill: `rgba(${r},${g},${b},${0.14 + 0.1 * i})`,
        })),
        hooks: {
          draw: [(plot) => this.marks(plot)],
          setCursor: [() => this.read()],
        },
      },
      data,
      this.host,
    );
    const over = this.plot.over;
    over.addEventListener("pointerdown", (event) => this.grab(event));
    over.addEventListener("pointermove", (event) => this.drag(event));
    over.addEventListener("pointerup", () => this.drop());
    over.addEventListener("pointercancel", () => this.drop());
    over.style.touchAction = "pan-x";
  }

  /** Where the past ends, what surprised, and the point that is chosen. */
  private marks(plot: uPlot): void {
    const { shown } = this;
    if (!shown) return;
    const { ctx } = plot;
    const ratio = devicePixelRatio || 1;
    const n = shown.points.length;
    const place = (i: number): [number, number] => [
      plot.valToPos(i, "x", true),
      plot.valToPos(shown.points[i]!, "y", true),
    ];
    ctx.save();
    ctx.strokeStyle = colour("line");
    ctx.lineWidth = ratio;
    const now = plot.valToPos(n - 1, "x", true);
    ctx.beginPath();
    ctx.moveTo(now, plot.bbox.top);
    ctx.lineTo(now, plot.bbox.top + plot.bbox.height);
    ctx.stroke();
    ctx.strokeStyle = colour("warm");
    ctx.lineWidth = 2 * ratio;
    for (let i = this.window ? Math.max(0, n - this.window) : 0; i < n; i++) {
      if (Math.abs(shown.surprise[i] ?? 0) < SURPRISING || shown.points[i] === null) continue;
      ctx.beginPath();
      ctx.arc(...place(i), 6 * ratio, 0, 2 * Math.PI);
      ctx.stroke();
    }
    if (this.chosen !== null && this.chosen < n && shown.points[this.chosen] !== null) {
      ctx.strokeStyle = colour("accent");
      ctx.fillStyle = colour("panel");
      ctx.beginPath();
      ctx.arc(...place(this.chosen), 5 * ratio, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    }
    ctx.restore();
  }

  private read(): void {
    const { shown, plot } = this;
    if (!shown) return;
    const n = shown.points.length;
    const at = this.held ?? (plot?.cursor.idx != null ? plot.data[0][plot.cursor.idx]! : this.chosen);
    const parts: string[] = [];
    if (at === null || at === undefined) {
      parts.push("drag a point, and see the future move", "rings: far from what was expected");
    } else if (at < n) {
      parts.push(shown.times[at] ?? "", `value ${brief(shown.points[at] ?? Number.NaN)}`);
      if (shown.expected[at] !== null) parts.push(`expected ${brief(shown.expected[at] ?? Number.NaN)}`);
      const surprise = shown.surprise[at] ?? 0;
      if (Math.abs(surprise) >= SURPRISING) parts.push(`${brief(Math.abs(surprise))} times the usual error`);
    } else {
      const middle = shown.levels.indexOf(0.5);
      const low = shown.ahead[0]?.[at - n];
      const high = shown.ahead.at(-1)?.[at - n];
      parts.push(shown.times[at] ?? "", `median ${brief(shown.ahead[middle]?.[at - n] ?? Number.NaN)}`);
      if (low != null && high != null)
        parts.push(
          `${Math.round(100 * (shown.levels.at(-1)! - shown.levels[0]!))} % from ${brief(low)} to ${brief(high)}`,
        );
    }
    this.reading.textContent = parts.join("  ·  ");
  }

  // ---- moving points

  private grab(event: PointerEvent): void {
    const { plot, shown } = this;
    if (!plot || !shown) return;
    const x = Math.round(plot.posToVal(event.offsetX, "x"));
    const at = Math.max(0, Math.min(shown.points.length - 1, x));
    const value = shown.points[at];
    if (value === null || value === undefined) return;
    if (Math.abs(plot.valToPos(at, "x") - event.offsetX) > NEAR) return;
    if (Math.abs(plot.valToPos(value, "y") - event.offsetY) > 2.5 * NEAR) return;
    this.held = this.chosen = at;
    plot.over.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  private drag(event: PointerEvent): void {
    if (this.held === null || !this.plot) return;
    this.onmove(this.held, this.plot.posToVal(event.offsetY, "y"));
  }

  private drop(): void {
    if (this.held === null) return;
    this.held = null;
    this.onlet();
  }

  private key(event: KeyboardEvent): void {
    const { shown, plot } = this;
    if (!shown || !plot) return;
    const last = shown.points.length - 1;
    const at = this.chosen ?? last;
    const range = (plot.scales.y!.max ?? 1) - (plot.scales.y!.min ?? 0);
    const step = (event.shiftKey ? 0.1 : 0.02) * range;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const move = this.chosen === null ? 0 : event.key === "ArrowLeft" ? -1 : 1;
      this.chosen = Math.max(0, Math.min(last, at + move));
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      this.chosen = at;
      const value = shown.points[at];
      if (value !== null && value !== undefined) {
        this.onmove(at, value + (event.key === "ArrowUp" ? step : -step));
        this.onlet();
      }
    } else return;
    event.preventDefault();
    this.draw();
  }
}
customElements.define("series-chart", SeriesChart);

/** A time as short as an axis needs it. */
const short = (time: string): string => time.replace(/^\d{4}-/, "").replace(/[T ](\d\d:\d\d).*$/, " $1");
