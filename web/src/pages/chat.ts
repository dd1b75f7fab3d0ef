// `chat`: a conversation, the other replies that were possible, and what each word of a reply looked at.

import { h, text } from "../dom";
import type { FoundAbout } from "../parts/found";
import { WritingPage } from "./writing";

interface About extends FoundAbout {
  turns: number; // that the model reads, at most
}

type Turn = [who: ">" | "<", said: string]; // seen from the model: they, and itself

export class ChatPage extends WritingPage<About, { turns: Turn[] }> {
  private turns: Turn[] = [];
  private reads = 3;
  private readonly log = text("ol", "talk");
  private readonly note = text("p", "soft");
  private readonly line = h("input", { type: "text", "aria-label": "Your turn", autocomplete: "off" });

  protected build(): void {
    const cards = this.found.cards("Replies");
    this.classList.add("halves");
    const form = h(
      "form",
      { class: "row" },
      {
        onsubmit: (event) => {
          event.preventDefault();
          this.send();
        },
      },
      this.line,
      h("button", { class: "primary" }, {}, "Send"),
    );
    this.append(
      h(
        "section",
        { class: "card", "aria-label": "Conversation" },
        {},
        text(
          "div",
          "row",
          text("h2", "", "Conversation"),
          text("span", "space"),
          h("button", { type: "button" }, { onclick: () => this.anew() }, "Begin anew"),
        ),
        h("div", { class: "scrolled", role: "log", "aria-label": "Turns", tabindex: 0 }, {}, this.log),
        form,
        this.note,
      ),
      cards.list,
      cards.links,
      cards.memory,
    );
    this.show();
  }

  protected opened(about: About): void {
    this.found.opened(about);
    this.reads = about.turns;
    this.note.textContent = `It reads the last ${about.turns} turns. Take another reply, and the conversation goes on from it.`;
    if (this.turns.at(-1)?.[0] === ">") this.ask();
    this.line.focus({ preventScroll: true });
  }

  private anew(): void {
    this.turns = [];
    this.show();
    this.line.focus();
  }

  private send(): void {
    const said = this.line.value.trim();
    if (!said) return;
    this.line.value = "";
    this.turns.push([">", said]);
    this.show();
    this.ask();
  }

  /** Ask for a reply to the last turn of theirs; the one that stands there goes. */
  protected ask(): void {
    if (this.turns.at(-1)?.[0] === "<") this.turns.pop();
    if (!this.turns.length) return;
    const asked = this.turns.slice(-this.reads);
    this.answer({ turns: asked }, (said) => this.chosen(said));
  }

  protected override chosen(said: string): void {
    if (this.turns.at(-1)?.[0] === "<") this.turns.pop();
    if (!this.turns.length) return;
    this.turns.push(["<", said]);
    this.show();
  }

  private show(): void {
    this.log.replaceChildren(
      ...this.turns.map(([who, said]) =>
        h(
          "li",
          { class: who === ">" ? "theirs" : "ours" },
          {},
          text("small", "", who === ">" ? "you" : "the model"),
          text("p", "", said || "(nothing)"),
        ),
      ),
    );
    if (this.log.parentElement) this.log.parentElement.scrollTop = this.log.scrollHeight;
  }
}
