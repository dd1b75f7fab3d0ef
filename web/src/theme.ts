// Light, dark, or as the system has it; and the colours that canvases draw with.

import { colour } from "./dom";

export type Theme = "auto" | "light" | "dark";

const KEY = "hitherto-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Told after the colours of the page have changed. */
export const changed = new EventTarget();

let kept: Theme = "auto";
try {
  kept = (localStorage.getItem(KEY) as Theme | null) ?? "auto";
} catch {
  // a browser that keeps nothing
}

export const theme = (): Theme => kept;

export function choose(next: Theme): void {
  kept = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // it holds until the page is closed
  }
  apply();
}

export function apply(): void {
  const now = kept === "auto" ? (dark.matches ? "dark" : "light") : kept;
  document.documentElement.dataset.theme = now;
  tables.clear();
  changed.dispatchEvent(new Event("change"));
}
dark.addEventListener("change", apply);

type Rgb = [number, number, number];

export function rgb(name: string): Rgb {
  const hex = colour(name).replace("#", "");
  return [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)) as Rgb;
}

const tables = new Map<string, Uint32Array>();

/**
 * 256 colours as a canvas holds them: from `warm` over the ground to `accent` (what lies above and below 0), or from the
 * ground to `accent` (shares).
 */
export function palette(kind: "signed" | "share"): Uint32Array {
  let table = tables.get(kind);
  if (!table) {
    table = new Uint32Array(256);
    const [ground, high, low] = [rgb("ground"), rgb("cool"), rgb("warm")];
    for (let i = 0; i < 256; i++) {
      const at = kind === "share" ? i / 255 : (i - 127.5) / 127.5;
      const end = at < 0 ? low : high;
      const share = Math.abs(at) ** 0.8;
      const [r, g, b] = ground.map((from, k) => Math.round(from + share * (end[k]! - from))) as Rgb;
      table[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    tables.set(kind, table);
  }
  return table;
}
