// `caption`: drop a picture, see what is said of it, and where the model looked at each word.

import { h, text } from "../dom";
import { base64, type Tensor } from "../frame";
import type { FoundAbout } from "../parts/found";
import { WritingPage } from "./writing";

const LARGEST = 1024; // pixels on a side that are sent

export class CaptionPage extends WritingPage<FoundAbout, { width: number; height: number; pixels: string }> {
  private picture: { width: number; height: number; pixels: string } | null = null;
  private grid: [rows: number, columns: number] = [1, 1]; // of places that may be looked at
  private readonly canvas = h("canvas", { class: "picture", role: "img", "aria-label": "No picture yet" });
  private readonly veil = h("div", { class: "veil", "aria-hidden": "true" });
  private readonly file = h("input", { type: "file", accept: "image/*", "aria-label": "Picture" });

  protected build(): void {
    const cards = this.found.cards("Caption");
    this.classList.add("halves");
    const card = h(
      "section",
      { class: "card", "aria-label": "Picture" },
      {
        ondragover: (event) => event.preventDefault(),
        ondrop: (event) => {
          event.preventDefault();
          const file = event.dataTransfer?.files[0];
          if (file) void this.open(file);
        },
      },
      text("h2", "", "Picture"),
      text("p", "soft", "Drop a picture here, or choose one. It stays on this machine."),
      this.file,
      text("div", "framed", this.canvas, this.veil),
    );
    this.file.onchange = () => {
      const file = this.file.files?.[0];
      if (file) void this.open(file);
    };
    this.found.links.onpoint = (weights) => this.light(weights);
    this.append(card, cards.list, cards.links, cards.memory);
  }

  protected opened(about: FoundAbout): void {
    this.found.opened(about);
    this.ask();
  }

  private async open(file: File): Promise<void> {
    let picture: ImageBitmap;
    try {
      picture = await createImageBitmap(file);
    } catch {
      this.say(`${file.name} is no picture that this browser can read.`);
      return;
    }
    const ratio = Math.min(1, LARGEST / Math.max(picture.width, picture.height));
    const [width, height] = [picture.width, picture.height].map((side) =>
      Math.max(1, Math.round(side * ratio)),
    );
    const sheet = new OffscreenCanvas(width!, height!);
    const g = sheet.getContext("2d", { willReadFrequently: true })!;
    g.fillStyle = "white";
    g.fillRect(0, 0, width!, height!);
    g.drawImage(picture, 0, 0, width!, height!);
    const { data } = g.getImageData(0, 0, width!, height!);
    const pixels = new Uint8Array(width! * height! * 3);
    for (let i = 0, k = 0; i < data.length; i++) if (i % 4 < 3) pixels[k++] = data[i]!;
    this.picture = { width: width!, height: height!, pixels: base64(pixels) };
    this.canvas.setAttribute("aria-label", file.name);
    this.ask();
  }

  protected ask(): void {
    if (this.picture) this.answer(this.picture);
  }

  /** The picture as the model sees it. */
  protected override came(part: { grid?: [number, number] }, tensors: Record<string, Tensor>): void {
    if (!part.grid || !tensors.seen) return;
    this.grid = part.grid;
    const [height = 1, width = 1] = tensors.seen.shape;
    const image = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = tensors.seen.data[3 * i + c]!;
      image.data[4 * i + 3] = 255;
    }
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.getContext("2d")!.putImageData(image, 0, 0);
    this.light(null);
  }

  /** Where it looked: the less, the darker. */
  private light(weights: number[] | null): void {
    const [rows, columns] = this.grid;
    const most = Math.max(1e-9, ...(weights ?? []).map(Math.abs));
    this.veil.style.gridTemplate = `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)`;
    this.veil.replaceChildren(
      ...(weights?.length === rows * columns ? weights : []).map((weight) => {
        const place = h("span");
        place.style.opacity = String(0.75 * (1 - Math.abs(weight) / most));
        return place;
      }),
    );
  }
}
