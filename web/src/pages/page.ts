// What every page of a model is: an element that is connected to the live view of its model.

import { h, say } from "../dom";
import { type Calls, type Health, Live } from "../live";

/** A model, as the list has it. */
export interface ModelAbout {
  name: string;
  task: string;
  about: string;
  bytes: number;
  digest: string;
  streams: boolean;
  why_not: string | null;
  view: boolean; // whether the server has a live view of its task
}

/** A row of the table of pages. */
export interface PageRow {
  tasks: string[];
  about: string; // what can be done there, in a sentence
  tag: string; // of the element
  page: CustomElementConstructor;
}

/**
 * A page with a live view: `A` is what the server tells of it first, `C` are its calls. It draws itself in `build`, once,
 * and asks for what it shows in `opened`, after each start of the connection.
 */
export abstract class LivePage<A extends object, C extends Calls> extends HTMLElement {
  model!: ModelAbout;
  protected live!: Live<A, C>;
  private built = false;

  protected abstract build(): void;
  protected abstract opened(about: A): void;

  connectedCallback(): void {
    if (!this.built) {
      this.built = true;
      this.build();
    }
    this.live = new Live<A, C>(
      this.model.name,
      (about) => this.opened(about),
      (health, why) => {
        this.dispatchEvent(new CustomEvent<Health>("health", { detail: health, bubbles: true }));
        if (health === "refused") this.refuse(why);
      },
    );
  }

  disconnectedCallback(): void {
    this.live.close();
  }

  /** A sentence for the user, and for screen readers. */
  protected say(sentence: string): void {
    say(sentence);
  }

  private refuse(why: string): void {
    this.replaceChildren(h("p", { class: "card note", role: "alert" }, {}, why));
  }
}
