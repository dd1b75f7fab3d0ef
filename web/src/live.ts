// A live view of a model: calls that are typed, answers in frames, and a connection that comes back.

import { say } from "./dom";
import { type Frame, read, type Tensor } from "./frame";

/** What a page needs of the server: for each call what it sends, and what a frame of its answer may hold. */
export type Calls = Record<string, { asks: object; gives: object }>;

/** A frame of an answer: some of the fields, and some arrays. */
export type Part<C extends Calls, K extends keyof C> = Partial<C[K]["gives"]> & {
  tensors: Record<string, Tensor>;
};

export class Failed extends Error {}

export type Health = "opening" | "open" | "away" | "refused" | "locked";

interface Waiting {
  onPart: (part: Frame & { tensors: Record<string, Tensor> }) => void;
  done: () => void;
  failed: (error: Error) => void;
}

const FIRST_WAIT = 400;
const LONGEST_WAIT = 5000;

/**
 * One connection. `opened` is called after every start, the first and those after the server was away: a page asks for all
 * that it shows then. `health` is told how the connection is.
 */
export class Live<A extends object, C extends Calls> {
  private socket: WebSocket | null = null;
  private waiting = new Map<number, Waiting>();
  private next = 1;
  private wait = FIRST_WAIT;
  private closed = false;
  private timer = 0;

  constructor(
    private readonly model: string,
    private readonly opened: (about: A) => void,
    private readonly health: (health: Health, why: string) => void,
  ) {
    this.connect();
  }

  /** Ask, and take the parts of the answer as they come. A newer call ends an older one that is still answered. */
  ask<K extends keyof C & string>(
    call: K,
    asks: C[K]["asks"],
    onPart: (part: Part<C, K>) => void = () => {},
  ): Promise<void> {
    return new Promise((done, failed) => {
      if (this.socket?.readyState !== WebSocket.OPEN) {
        failed(new Failed("the server is away"));
        return;
      }
      const id = this.next++;
      this.waiting.set(id, { onPart: onPart as unknown as Waiting["onPart"], done, failed });
      this.socket.send(JSON.stringify({ id, call, ...asks }));
    });
  }

  /** The parts of a short answer as one. */
  async one<K extends keyof C & string>(call: K, asks: C[K]["asks"]): Promise<Part<C, K>> {
    let whole = { tensors: {} } as Part<C, K>;
    await this.ask(call, asks, (part) => {
      whole = { ...whole, ...part, tensors: { ...whole.tensors, ...part.tensors } };
    });
    return whole;
  }

  /** End early what is answered now. */
  stop(): void {
    if (this.waiting.size && this.socket?.readyState === WebSocket.OPEN) this.socket.send('{"call":"stop"}');
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private connect(): void {
    const address = new URL(`studio/live/${encodeURIComponent(this.model)}`, document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let refused = "";
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (typeof event.data !== "string") {
        const { said, tensors } = read(event.data);
        this.waiting.get(said.id)?.onPart({ ...said, tensors });
        return;
      }
      const said = JSON.parse(event.data) as Frame;
      if (said.id === 0) {
        if (said.error) refused = String(said.error);
        else {
          this.wait = FIRST_WAIT;
          this.health("open", "");
          this.opened(said as unknown as A);
        }
        return;
      }
      const waiting = this.waiting.get(said.id);
      this.waiting.delete(said.id);
      if (said.error) waiting?.failed(new Failed(String(said.error)));
      else waiting?.done();
    };
    socket.onclose = async () => {
      const left = [...this.waiting.values()];
      this.waiting.clear();
      for (const one of left) one.failed(new Failed("the server went away"));
      if (this.closed) return;
      if (refused) {
        this.health("refused", refused);
        return;
      }
      const locked = await fetch("studio/models").then(
        (answer) => answer.status === 403,
        () => false,
      );
      if (this.closed) return;
      this.health(locked ? "locked" : "away", "");
      this.timer = window.setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(LONGEST_WAIT, this.wait * 1.6);
    };
  }
}

/**
 * Runs the newest of what it is given, one at a time: what came meanwhile and is no longer the newest never runs, and what
 * runs is told to end early.
 */
export class Latest {
  private running = false;
  private waiting: (() => Promise<void>) | null = null;

  constructor(private readonly hurry: () => void = () => {}) {}

  run(task: () => Promise<void>): void {
    this.waiting = task;
    if (this.running) this.hurry();
    else void this.drain();
  }

  private async drain(): Promise<void> {
    this.running = true;
    while (this.waiting) {
      const task = this.waiting;
      this.waiting = null;
      try {
        await task();
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        say(error.message);
      }
    }
    this.running = false;
  }
}
