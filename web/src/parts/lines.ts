// A few curves over the same steps: how an answer came about.

import { text } from "../dom";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 300;
const HIGH = 90;

export interface Line {
  name: string;
  values: number[];
}

/** Curves from 0 to 1, or over their own range; the first is the strongest. */
export function lines(rows: Line[], shares: boolean, label: string): HTMLElement {
  const every = rows.flatMap((row) => row.values);
  const low = shares ? 0 : Math.min(...every);
  const high = shares ? 1 : Math.max(...every, low + 1e-9);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  rows.slice(0, 4).forEach((row, i) => {
    const path = document.createElementNS(SVG, "path");
    const x = (t: number): number =>
      row.values.length > 1 ? (WIDE * t) / (row.values.length - 1) : WIDE / 2;
    path.setAttribute(
      "d",
      row.values
        .map(
          (v, t) =>
            `${t ? "L" : "M"}${x(t).toFixed(1)} ${(2 + (HIGH - 4) * (1 - (v - low) / (high - low))).toFixed(1)}`,
        )
        .join(""),
    );
    path.setAttribute("class", `line-${i}`);
    svg.append(path);
  });
  const figure = text("figure", "lines");
  figure.append(
    svg,
    text("figcaption", "", ...rows.slice(0, 4).map((row, i) => text("span", `line-${i}`, row.name))),
  );
  return figure;
}
