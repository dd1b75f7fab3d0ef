// Probabilities as bars: what may come next, or the same of two futures beside each other.

import { h, percent, text } from "../dom";

export interface Bar {
  name: string;
  p: number;
  other?: number; // in the other future
  title?: string;
}

/** A list of bars; with `take`, each can be taken. */
export function bars(rows: Bar[], take?: (at: number) => void): HTMLElement {
  const most = Math.max(1e-9, ...rows.map((row) => Math.max(row.p, row.other ?? 0)));
  return h(
    "ol",
    { class: rows.some((row) => row.other !== undefined) ? "bars two" : "bars" },
    {},
    ...rows.map((row, i) => {
      const inside = [
        text("span", "name", row.name),
        track(row.p / most, "fill"),
        text("span", "p", percent(row.p)),
        row.other !== undefined && track(row.other / most, "fill other"),
        row.other !== undefined && text("span", "p", percent(row.other)),
      ];
      return text(
        "li",
        "",
        take
          ? h("button", { type: "button" }, { onclick: () => take(i) }, ...inside)
          : text("div", "", ...inside),
      );
    }),
  );
}

function track(share: number, name: string): HTMLElement {
  const fill = h("span", { class: name, "aria-hidden": "true" });
  fill.style.setProperty("--share", String(share));
  return fill;
}
