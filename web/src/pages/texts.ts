// `translate`, `summarize`, `answer`: a text in, the best texts out, and lines from word to word.

import { h, text } from "../dom";
import type { FoundAbout } from "../parts/found";
import { WritingPage } from "./writing";

interface About extends FoundAbout {
  task: string;
  fields: string[]; // names of the texts of an input
  example: string[];
}

const TITLES: Record<string, string> = {
  translate: "Translation",
  summarize: "Summary",
  answer: "Answer",
};

export class TextsPage extends WritingPage<About, { fields: string[] }> {
  private areas: HTMLTextAreaElement[] = [];
  private readonly inputs = h("section", { class: "card", "aria-label": "Input" });

  protected build(): void {
    const cards = this.found.cards(TITLES[this.model.task] ?? "Text");
    this.classList.add("halves");
    this.append(this.inputs, cards.list, cards.links, cards.memory);
  }

  protected opened(about: About): void {
    this.found.opened(about);
    if (!this.areas.length) {
      this.areas = about.fields.map((_, i) =>
        h(
          "textarea",
          { rows: i || about.fields.length === 1 ? 3 : 6, spellcheck: "false" },
          { oninput: () => this.ask() },
        ),
      );
      this.areas.forEach((area, i) => {
        area.value = about.example[i] ?? "";
      });
      this.inputs.append(
        text("h2", "", "Input"),
        ...this.areas.map((area, i) =>
          h("label", { class: "field" }, {}, text("span", "", about.fields[i]!), area),
        ),
      );
    }
    this.ask();
  }

  protected ask(): void {
    this.answer({ fields: this.areas.map((area) => area.value) });
  }
}
