// A model without a live page: what it is, and why.

import { h, text } from "../dom";
import type { ModelAbout } from "./page";

export class WholePage extends HTMLElement {
  model!: ModelAbout;

  connectedCallback(): void {
    const { model } = this;
    const why = model.why_not
      ? [
          text("h2", "", "It reads whole inputs"),
          text("p", "", `This model does not stream: ${model.why_not}`),
        ]
      : [
          text("h2", "", "No page of its own yet"),
          text("p", "", `A model of ${model.task} has no live page in this version.`),
        ];
    const command = `hitherto inspect ${model.name}.safetensors DATA --out inside.html`;
    this.replaceChildren(
      text(
        "section",
        "card prose",
        ...why,
        text("p", "", "Look into it with one value, step by step, both directions of its layers included:"),
        h("pre", { tabindex: 0 }, {}, command),
      ),
    );
  }
}
customElements.define("whole-page", WholePage);
