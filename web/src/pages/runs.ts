// Trainings: curves, and how far back the gradient reaches, live while a run runs, and runs beside one another.

import { brief, h, text } from "../dom";
import { type Curve, curves } from "../parts/curves";
import { changed } from "../theme";

/** A row of a log; an evaluation has metrics and may have the memory of each layer. */
interface Row {
  step: number;
  loss?: number | null;
  memory?: Record<string, { lags: number[]; norms: number[]; length: number }>;
  [metric: string]: unknown;
}

const EVERY = 1000; // milliseconds between two looks at a log
const ALIKE = new Set(["step", "epoch", "norm", "lr", "tokens_per_second", "memory", "loss"]);
const COST = new Set(["loss", "train_loss", "valid_loss"]); // one chart for these

export class RunsPage extends HTMLElement {
  /** The runs there are, and the one that was opened. */
  names: string[] = [];
  first = "";
  private readonly shown = new Set<string>();
  private readonly logs = new Map<string, { at: number; rows: Row[] }>();
  private timer = 0;
  private readonly choice = h("div", {
    class: "row",
    role: "group",
    "aria-label": "Runs beside one another",
  });
  private readonly charts = text("div", "charts wide");
  private readonly table = text("div", "scroll");
  private readonly status = h("p", { class: "soft", role: "status" });
  private readonly redraw = () => this.draw();

  connectedCallback(): void {
    this.shown.add(this.first);
    this.choice.replaceChildren(
      ...this.names.map((name) =>
        h(
          "label",
          { class: "row" },
          {},
          h(
            "input",
            { type: "checkbox", checked: name === this.first },
            {
              onchange: () => {
                if (!this.shown.delete(name)) this.shown.add(name);
                void this.look();
                this.draw();
              },
            },
          ),
          name,
        ),
      ),
    );
    this.table.tabIndex = 0;
    this.table.setAttribute("role", "group");
    this.table.setAttribute("aria-label", "The newest numbers");
    this.replaceChildren(
      h(
        "section",
        { class: "card wide", "aria-label": "Runs" },
        {},
        this.names.length > 1 && this.choice,
        this.status,
        this.table,
      ),
      this.charts,
    );
    changed.addEventListener("change", this.redraw);
    addEventListener("resize", this.redraw);
    void this.look();
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
    changed.removeEventListener("change", this.redraw);
    removeEventListener("resize", this.redraw);
  }

  /** Read on in the logs of the runs that are shown; again after a while. */
  private async look(): Promise<void> {
    clearTimeout(this.timer);
    let more = false;
    try {
      for (const name of this.shown) more = (await this.readOn(name)) || more;
      this.status.hidden = this.logs.size > 0 && [...this.logs.values()].some((log) => log.rows.length > 0);
      this.status.textContent = "The run has not written anything yet.";
    } catch {
      this.status.hidden = false;
      this.status.textContent = "The server is away. This page goes on when it is back.";
    }
    if (!this.isConnected) return;
    if (more) this.draw();
    this.timer = window.setTimeout(() => void this.look(), more ? 50 : EVERY);
  }

  private async readOn(name: string): Promise<boolean> {
    const log = this.logs.get(name) ?? { at: 0, rows: [] };
    const answer = await fetch(`studio/runs/${encodeURIComponent(name)}?at=${log.at}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const part = (await answer.json()) as { from: number; at: number; rows: Row[] };
    if (part.from === 0) log.rows = [];
    log.rows.push(...part.rows);
    const more = part.at !== log.at;
    log.at = part.at;
    this.logs.set(name, log);
    return more;
  }

  private draw(): void {
    const runs = [...this.shown].map((name) => ({ name, rows: this.logs.get(name)?.rows ?? [] }));
    const many = runs.length > 1;
    const curve = (rows: Row[], key: string, name: string): Curve => {
      const some = rows.filter((row) => typeof row[key] === "number");
      return { name, x: some.map((row) => row.step), y: some.map((row) => row[key] as number) };
    };
    const keys = new Set(runs.flatMap(({ rows }) => rows.flatMap((row) => Object.keys(row))));
    const metrics = [...keys].filter((key) => !ALIKE.has(key) && !COST.has(key));
    const costs = [...COST].filter((key) => keys.has(key));
    const all: { title: string; rows: Curve[]; log?: boolean }[] = [
      {
        title: "Loss, by step",
        rows: runs.flatMap(({ name, rows }) =>
          costs.map((key) => curve(rows, key, many ? `${name}: ${worded(key)}` : worded(key))),
        ),
      },
      ...metrics.map((key) => ({
        title: `${worded(key)}, by step`,
        rows: runs.map(({ name, rows }) => curve(rows, key, name)),
      })),
      ...this.memories(runs),
    ];
    const cards = all
      .map(({ title, rows, log }) => ({ title, log, some: rows.filter((row) => row.x.length) }))
      .filter(({ some }) => some.length)
      .map((one) => ({
        ...one,
        host: h("section", { class: "card", "aria-label": one.title }, {}, text("h2", "", one.title)),
      }));
    this.charts.replaceChildren(...cards.map(({ host }) => host)); // first all of them: they share the width
    for (const { host, title, some, log } of cards) curves(host, title, some, log);
    this.tell(runs, [...costs, ...metrics]);
  }

  /** How far back the gradient reaches at the first, the middle and the newest evaluation; and its length over time. */
  private memories(runs: { name: string; rows: Row[] }[]): { title: string; rows: Curve[]; log?: boolean }[] {
    const watched = runs.map(({ name, rows }) => ({ name, rows: rows.filter((row) => row.memory) }));
    const layers = new Set(watched.flatMap(({ rows }) => rows.flatMap((row) => Object.keys(row.memory!))));
    return [...layers].flatMap((layer) => [
      {
        title: `How far back the gradient reaches, by lag: ${layer}`,
        log: true,
        rows: watched.flatMap(({ name, rows }) =>
          [...new Set([0, rows.length - 1])].flatMap((at) => {
            const seen = rows[at]?.memory?.[layer];
            const after = `${name}, step ${rows[at]?.step.toLocaleString("en")}`;
            return seen ? [{ name: after, x: seen.lags, y: seen.norms }] : [];
          }),
        ),
      },
      {
        title: `Memory length in steps: ${layer}`,
        rows: watched.map(({ name, rows }) => ({
          name,
          x: rows.map((row) => row.step),
          y: rows.map((row) => row.memory![layer]?.length ?? Number.NaN),
        })),
      },
    ]);
  }

  private tell(runs: { name: string; rows: Row[] }[], keys: string[]): void {
    const newest = (rows: Row[], key: string): string => {
      const value = rows.findLast((row) => typeof row[key] === "number")?.[key];
      return value === undefined ? "" : brief(value as number);
    };
    const row = (tag: "th" | "td", cells: string[]): HTMLElement =>
      text("tr", "", ...cells.map((cell, i) => h(i ? tag : "th", i ? {} : { scope: "row" }, {}, cell)));
    this.table.replaceChildren(
      text(
        "table",
        "",
        row("th", ["run", "step", ...keys.map(worded)]),
        ...runs.map(({ name, rows }) =>
          row("td", [name, newest(rows, "step"), ...keys.map((key) => newest(rows, key))]),
        ),
      ),
    );
  }
}
customElements.define("runs-page", RunsPage);

const worded = (key: string): string => key.replaceAll("_", " ");
