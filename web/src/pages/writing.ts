// What the pages share whose models write texts: the newest input is answered, and what was found is shown.

import type { Tensor } from "../frame";
import { Latest } from "../live";
import { Found, type FoundAbout, type FoundCalls, type FoundSaid, type HowAsked } from "../parts/found";
import { LivePage } from "./page";

/** The calls of a page that asks for an answer with these fields. */
type Calls<Asks> = FoundCalls & { write: { asks: Asks & HowAsked; gives: FoundSaid } };

export abstract class WritingPage<A extends FoundAbout, Asks extends object> extends LivePage<
  A,
  Calls<Asks>
> {
  private readonly asking = new Latest(() => this.live.stop());
  protected readonly found = new Found({
    rests: async (text) => (await this.live.one("rests", { text })).tensors,
    look: (memory) => this.asking.run(async () => this.found.take(await this.live.one("look", { memory }))),
    again: () => this.ask(),
    choose: (text) => this.chosen(text),
  });

  /** Ask for an answer to what stands there, by `answer`. */
  protected abstract ask(): void;

  /** Told when another of the texts is taken. */
  protected chosen(_text: string): void {}

  /** Told every part of an answer. */
  protected came(_part: object, _tensors: Record<string, Tensor>): void {}

  /** Ask for an answer and show it; `done` is told the best text. */
  protected answer(asks: Asks, done: (text: string) => void = () => {}): void {
    this.asking.run(() =>
      this.live.ask("write", { ...asks, ...this.found.asked() }, (part) => {
        this.came(part, part.tensors);
        this.found.take(part);
        if (part.texts) done(part.texts[0]?.text ?? "");
      }),
    );
  }
}
