// A sheet to draw on with a pen, a finger or a mouse: strokes of points, from 0 to 1 across the sheet.

import { colour, h, onFrame } from "../dom";
import { changed } from "../theme";

export type Strokes = [x: number, y: number][][];

export class PenSheet extends HTMLElement {
  /** Told after every point. */
  ondraw: (strokes: Strokes) => void = () => {};

  private strokes: Strokes = [];
  private down = false;
  private shades: ArrayLike<number> | null = null;
  private readonly canvas = h("canvas", {
    role: "img",
    "aria-label": "A sheet: draw on it with a pen, a finger or the mouse",
  });
  private readonly draw = onFrame(() => this.paint());
  private readonly sized = new ResizeObserver(() => this.draw());

  connectedCallback(): void {
    if (!this.canvas.isConnected) {
      this.append(this.canvas);
      this.canvas.onpointerdown = (event) => {
        this.down = true;
        this.strokes.push([]);
        this.canvas.setPointerCapture(event.pointerId);
        this.point(event);
      };
      this.canvas.onpointermove = (event) => {
        if (this.down) for (const one of event.getCoalescedEvents?.() ?? [event]) this.point(one);
      };
      this.canvas.onpointerup = this.canvas.onpointercancel = () => {
        this.down = false;
      };
    }
    this.sized.observe(this.canvas);
    changed.addEventListener("change", this.draw);
  }

  disconnectedCallback(): void {
    this.sized.disconnect();
    changed.removeEventListener("change", this.draw);
  }

  clear(): void {
    this.strokes = [];
    this.shades = null;
    this.draw();
    this.ondraw(this.strokes);
  }

  /** Strokes as if they had been drawn here. */
  set(strokes: Strokes): void {
    this.strokes = strokes;
    this.draw();
    this.ondraw(strokes);
  }

  /** Shade the line from its beginning to its end by these numbers, from -1 to 1. */
  shade(values: ArrayLike<number> | null): void {
    this.shades = values;
    this.draw();
  }

  private point(event: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    const stroke = this.strokes.at(-1);
    const at: [number, number] = [
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
    ];
    const last = stroke?.at(-1);
    if (!stroke || (last && Math.hypot(at[0] - last[0], at[1] - last[1]) < 0.004)) return;
    stroke.push(at);
    this.draw();
    this.ondraw(this.strokes);
  }

  private paint(): void {
    const { width, height } = this.canvas.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const context = this.canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    context.lineCap = context.lineJoin = "round";
    const total = length(this.strokes);
    const count = this.shades?.length ?? 0;
    let gone = 0;
    let before: [number, number] | null = null;
    const line = (from: [number, number], to: [number, number], stroke: string, wide: number): void => {
      context.strokeStyle = stroke;
      context.lineWidth = wide;
      context.lineCap = wide > 10 ? "butt" : "round";
      context.beginPath();
      context.moveTo(from[0] * width, from[1] * height);
      context.lineTo(to[0] * width, to[1] * height);
      context.stroke();
    };
    const [ink, cool, warm] = [colour("ink"), colour("cool"), colour("warm")];
    for (const stroke of this.strokes) {
      if (before && stroke[0]) gone += Math.hypot(stroke[0][0] - before[0], stroke[0][1] - before[1]);
      stroke.forEach((point, i) => {
        const from = stroke[i - 1] ?? point;
        gone += Math.hypot(point[0] - from[0], point[1] - from[1]);
        const share = count
          ? this.shades![Math.min(count - 1, Math.floor((gone / Math.max(1e-9, total)) * count))]!
          : 0;
        if (Math.abs(share) > 0.08) {
          context.globalAlpha = Math.min(0.55, Math.abs(share));
          line(from, point, share > 0 ? cool : warm, 18);
          context.globalAlpha = 1;
        }
      });
      before = stroke.at(-1) ?? before;
    }
    for (const stroke of this.strokes)
      stroke.forEach((point, i) => {
        line(stroke[i - 1] ?? point, point, ink, 4.5);
      });
  }
}
customElements.define("pen-sheet", PenSheet);

/** How long the way of the pen is, through the air too: a step of the model is a part of it. */
function length(strokes: Strokes): number {
  let total = 0;
  let last: [number, number] | null = null;
  for (const stroke of strokes)
    for (const point of stroke) {
      if (last) total += Math.hypot(point[0] - last[0], point[1] - last[1]);
      last = point;
    }
  return total;
}
