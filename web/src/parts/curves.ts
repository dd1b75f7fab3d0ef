// Curves over numbers, with a legend that names each; their dashes tell them apart where colours do not.

import uPlot from "uplot";
import { brief, colour, h, text } from "../dom";

export interface Curve {
  name: string;
  x: number[];
  y: number[];
}

const LOOKS: [colour: string, dash: number[]][] = [
  ["accent", []],
  ["warm", []],
  ["good", [6, 3]],
  ["ink", [2, 3]],
  ["soft", [8, 3, 2, 3]],
  ["accent", [3, 3]],
  ["warm", [3, 3]],
];
const HIGH = 220;

/** Draw curves into an element; `log` is for values that fall over many powers of ten. */
export function curves(host: HTMLElement, title: string, rows: Curve[], log = false): void {
  const plot = text("div", "plot");
  const last = rows.map((row) => `${row.name} ${brief(row.y.at(-1) ?? Number.NaN)}`).join(", ");
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", `${title}. The last values: ${last}`);
  host.append(
    plot,
    text(
      "p",
      "legend keys",
      ...rows.map((row, i) => {
        const mark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
        const [stroke, dash] = LOOKS[i % LOOKS.length]!;
        mark.setAttribute("viewBox", "0 0 24 6");
        mark.setAttribute("aria-hidden", "true");
        line.setAttribute("d", "M0 3H24");
        line.style.stroke = colour(stroke);
        line.style.strokeDasharray = dash.join(" ");
        mark.append(line);
        return h("span", {}, {}, mark, row.name);
      }),
    ),
  );
  const positive = (v: number): number | null => (Number.isFinite(v) && !(log && v <= 0) ? v : null);
  const data = uPlot.join(rows.map((row) => [row.x, row.y.map(positive)]));
  const axis = { stroke: colour("soft"), ticks: { show: false }, font: "12px system-ui, sans-serif" };
  new uPlot(
    {
      width: plot.clientWidth,
      height: HIGH,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
      axes: [
        { ...axis, grid: { show: false }, size: 30, values: (_plot, at) => at.map(brief) },
        {
          ...axis,
          grid: { stroke: colour("line"), width: 1 },
          size: 56,
          values: (_plot, at) => at.map((v) => (v === null ? "" : log ? v.toExponential(0) : brief(v))),
        },
      ],
      series: [
        {},
        ...rows.map((row, i) => ({
          stroke: colour(LOOKS[i % LOOKS.length]![0]),
          dash: LOOKS[i % LOOKS.length]![1],
          width: 1.6,
          spanGaps: true,
          points: { show: row.x.length < 12 },
        })),
      ],
    },
    data,
    plot,
  );
}
