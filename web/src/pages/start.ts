// No model yet: three that are trained on the spot.

import { h, text } from "../dom";

interface Starter {
  name: string;
  title: string;
  about: string;
  task: string;
  state: "absent" | "training" | "ready" | "failed";
  share: number;
  says: string;
}

const EVERY = 700;

export class StartPage extends HTMLElement {
  /** Told when a model is there, by its name. */
  onready: (name: string) => void = () => {};

  private timer = 0;
  private asked = ""; // what was begun here last, which is opened when it is ready

  connectedCallback(): void {
    void this.look();
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    clearTimeout(this.timer);
    try {
      const answer = await fetch("studio/starters");
      const { starters } = (await answer.json()) as { starters: Starter[] };
      this.show(starters);
      const ready = starters.find((one) => one.name === this.asked && one.state === "ready");
      if (ready) {
        this.asked = "";
        this.onready(ready.name);
        return;
      }
    } catch {
      // the server is away; the next look tells
    }
    if (this.isConnected) this.timer = window.setTimeout(() => void this.look(), EVERY);
  }

  private async begin(name: string): Promise<void> {
    this.asked = name;
    await fetch(`studio/starters/${encodeURIComponent(name)}`, { method: "POST" });
    await this.look();
  }

  private show(starters: Starter[]): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.name;
    this.replaceChildren(
      ...starters.map((one) =>
        text(
          "section",
          "card starter",
          text("h2", "", one.title),
          text("p", "soft", one.about),
          text("span", "space"),
          ...this.state(one),
        ),
      ),
    );
    if (focused) this.querySelector<HTMLElement>(`[data-name="${focused}"]`)?.focus();
  }

  private state(one: Starter): HTMLElement[] {
    if (one.state === "training")
      return [
        h("progress", { value: one.share, max: 1, "aria-label": `Training: ${one.title}` }),
        text("p", "soft", `${Math.round(100 * one.share)} % · ${one.says}`),
      ];
    const open = one.state === "ready";
    const button = h(
      "button",
      { type: "button", class: "primary", "data-name": one.name },
      { onclick: () => (open ? this.onready(one.name) : void this.begin(one.name)) },
      open ? "Open" : one.state === "failed" ? "Try again" : "Train",
    );
    return one.state === "failed" ? [h("p", { role: "alert" }, {}, one.says), button] : [button];
  }
}
customElements.define("start-page", StartPage);
