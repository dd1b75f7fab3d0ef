// `transcribe`: the microphone or a file, the text as it comes, and where in the sound each letter is.

import { colour, h, onFrame, text, visible } from "../dom";
import { base64 } from "../frame";
import { Failed } from "../live";
import { type MemoryAsked, type MemorySaid, MemoryStrip } from "../parts/memory";
import { changed } from "../theme";
import { LivePage } from "./page";

interface About {
  rate: number;
  why: string; // why it does not stream; empty where it does
  step: number; // seconds of a step
}

type Calls = {
  hear: {
    asks: { samples: string; fresh: boolean; last: boolean; memory: MemoryAsked };
    gives: { pieces: string[]; final: number; seconds: number; memory: MemorySaid }; // and `at`
  };
  look: { asks: { memory: MemoryAsked }; gives: { memory: MemorySaid } };
};

const LOWEST = 8000; // samples a second that every browser takes
const PART = 0.1; // seconds that are sent at once, of a file
const SECOND = 90; // pixels, at least

export class HearPage extends LivePage<About, Calls> {
  private rate = 16000;
  private times = 1; // how many samples of the browser make one of the model
  private sound = new Float32Array(0); // what was heard, as much of it as `heard`
  private heard = 0;
  private pieces: string[] = [];
  private at: ArrayLike<number> = [];
  private final = 0;
  private job = 0; // the recording that is read; an older one is left
  private stop: (() => void) | null = null; // the microphone
  private step = 0.01;
  private readonly why = text("p", "soft");
  private readonly said = h("p", { class: "said", "aria-live": "polite" });
  private readonly canvas = h("canvas", { class: "wave", role: "img", "aria-label": "No sound yet" });
  private readonly record = h(
    "button",
    { type: "button", class: "primary" },
    { onclick: () => void this.listen() },
    "Record",
  );
  private readonly play = h(
    "button",
    { type: "button", disabled: true },
    { onclick: () => this.replay() },
    "Play",
  );
  private readonly file = h("input", { type: "file", accept: "audio/*", "aria-label": "Recording" });
  private readonly memory = new MemoryStrip();
  private readonly draw = onFrame(() => this.paint());
  private readonly sized = new ResizeObserver(() => this.draw());

  protected build(): void {
    this.memory.called = (step) => `${(step * this.step).toFixed(2)} s`;
    this.memory.onwant = () => void this.look();
    this.file.onchange = () => {
      const file = this.file.files?.[0];
      if (file) void this.open(file);
    };
    changed.addEventListener("change", this.draw);
    this.append(
      h(
        "section",
        { class: "card wide", "aria-label": "Sound" },
        {
          ondragover: (event) => event.preventDefault(),
          ondrop: (event) => {
            event.preventDefault();
            const file = event.dataTransfer?.files[0];
            if (file) void this.open(file);
          },
        },
        text("div", "row", this.record, this.play, this.file),
        text("p", "soft", "Speak, or drop a recording here. The sound stays on this machine."),
        this.said,
        h(
          "div",
          { class: "scroll", tabindex: 0, role: "group", "aria-label": "Where each letter is" },
          {},
          this.canvas,
        ),
        this.why,
      ),
      h("section", { class: "card wide", "aria-label": "Memory" }, {}, text("h2", "", "Memory"), this.memory),
    );
    this.sized.observe(this);
    this.show();
  }

  override disconnectedCallback(): void {
    this.stop?.();
    super.disconnectedCallback();
  }

  protected opened(about: About): void {
    this.rate = about.rate;
    this.times = Math.max(1, Math.ceil(LOWEST / about.rate));
    this.step = about.step;
    this.why.textContent = about.why ? `The text comes when the recording is over: ${about.why}` : "";
    if (this.heard) void this.read(this.sound.slice(0, this.heard));
  }

  // ---- sound in

  private async open(file: File): Promise<void> {
    this.stop?.();
    try {
      const context = new OfflineAudioContext(1, 1, this.rate * this.times); // decodes at its own rate
      const decoded = await context.decodeAudioData(await file.arrayBuffer());
      const mono = new Float32Array(decoded.length);
      for (let c = 0; c < decoded.numberOfChannels; c++)
        for (const [i, v] of decoded.getChannelData(c).entries()) mono[i]! += v / decoded.numberOfChannels;
      await this.read(thinned(mono, this.times));
    } catch (error) {
      this.say(
        error instanceof Failed ? error.message : `${file.name} is no recording that this browser can read.`,
      );
    }
  }

  /** A recording that is there: part after part. */
  private async read(samples: Float32Array<ArrayBuffer>): Promise<void> {
    const job = this.begin();
    const part = Math.max(1, Math.round(PART * this.rate));
    for (let from = 0; from < samples.length || from === 0; from += part) {
      const last = from + part >= samples.length;
      await this.send(samples.subarray(from, from + part), from === 0, last);
      if (job !== this.job) return;
    }
    this.play.disabled = false;
  }

  private async listen(): Promise<void> {
    if (this.stop) {
      this.stop();
      return;
    }
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      this.say(`The browser gives no microphone: ${(error as Error).message}`);
      return;
    }
    const job = this.begin();
    const context = new AudioContext({ sampleRate: this.rate * this.times });
    const source = context.createMediaStreamSource(stream);
    const tap = context.createScriptProcessor(2048, 1, 1); // a worklet would be a second script
    const waiting: Float32Array<ArrayBuffer>[] = [];
    let sending = false;
    let fresh = true;
    let over = false;
    const flush = async () => {
      if (sending) return;
      sending = true;
      try {
        while (job === this.job && (waiting.length || over)) {
          const samples = joined(waiting.splice(0));
          const last = over;
          await this.send(samples, fresh, last);
          fresh = false;
          if (last) {
            this.play.disabled = false;
            break;
          }
        }
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        this.say(error.message);
        this.stop?.();
      } finally {
        sending = false;
      }
    };
    tap.onaudioprocess = (event) => {
      waiting.push(thinned(event.inputBuffer.getChannelData(0).slice(), this.times));
      void flush();
    };
    source.connect(tap).connect(context.destination);
    this.record.textContent = "Stop";
    this.stop = () => {
      this.stop = null;
      this.record.textContent = "Record";
      for (const track of stream.getTracks()) track.stop();
      tap.onaudioprocess = null;
      void context.close();
      over = true;
      void flush();
    };
  }

  private begin(): number {
    this.heard = 0;
    this.pieces = [];
    this.at = [];
    this.final = 0;
    this.memory.clear();
    this.play.disabled = true;
    return ++this.job;
  }

  private async send(samples: Float32Array<ArrayBuffer>, fresh: boolean, last: boolean): Promise<void> {
    if (this.heard + samples.length > this.sound.length) {
      const wider = new Float32Array(2 * (this.heard + samples.length));
      wider.set(this.sound.subarray(0, this.heard));
      this.sound = wider;
    }
    this.sound.set(samples, this.heard);
    this.heard += samples.length;
    const asks = {
      samples: base64(samples),
      fresh,
      last,
      memory: this.memory.asked(fresh ? 0 : this.memory.steps),
    };
    await this.live.ask("hear", asks, ({ tensors, ...part }) => {
      if (part.pieces) {
        this.pieces = part.pieces;
        this.final = part.final ?? 0;
        this.at = tensors.at?.data ?? [];
      }
      if (part.memory) this.memory.take(part.memory, tensors);
    });
    this.show();
  }

  private async look(): Promise<void> {
    const part = await this.live.one("look", { memory: this.memory.asked() });
    if (part.memory) this.memory.take(part.memory, part.tensors);
  }

  private replay(): void {
    const context = new AudioContext();
    const buffer = context.createBuffer(1, this.heard * this.times, this.rate * this.times);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < channel.length; i++) channel[i] = this.sound[Math.floor(i / this.times)]!;
    const source = new AudioBufferSourceNode(context, { buffer });
    source.onended = () => void context.close();
    source.connect(context.destination);
    source.start();
  }

  // ---- what is shown

  private show(): void {
    const [sure, open] = [this.pieces.slice(0, this.final), this.pieces.slice(this.final)].map((some) =>
      some.join(""),
    );
    this.said.replaceChildren(sure!, open ? h("i", { title: "may still change" }, {}, open) : "");
    if (!this.heard) this.said.replaceChildren(text("span", "soft", "What was said stands here."));
    const seconds = this.heard / this.rate;
    const places = this.pieces.map((piece, i) => `${visible(piece)} at ${this.at[i]?.toFixed(2)}`).join(", ");
    this.canvas.setAttribute("aria-label", `${seconds.toFixed(1)} seconds of sound. ${places}`);
    this.draw();
  }

  private paint(): void {
    const { canvas } = this;
    const seconds = this.heard / this.rate;
    const room = canvas.parentElement!.clientWidth;
    const width = Math.min(16000, Math.max(room, seconds * SECOND));
    const height = 150;
    const ratio = width > 8000 ? 1 : devicePixelRatio;
    canvas.style.width = `${width}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const g = canvas.getContext("2d")!;
    g.scale(ratio, ratio);
    if (!this.heard) return;
    const [soft, ink, accent] = ["soft", "ink", "accent"].map(colour) as [string, string, string];
    g.fillStyle = soft;
    const per = this.heard / width;
    const middle = 52;
    let most = 1e-4;
    for (let i = 0; i < this.heard; i++) most = Math.max(most, Math.abs(this.sound[i]!));
    for (let x = 0; x < width; x++) {
      let peak = 0;
      for (let i = Math.floor(x * per); i < (x + 1) * per && i < this.heard; i++)
        peak = Math.max(peak, Math.abs(this.sound[i]!));
      const high = Math.max(0.5, (peak / most) * (middle - 4));
      g.fillRect(x, middle - high, 0.8, 2 * high);
    }
    g.font = "15px ui-monospace, Menlo, monospace";
    g.textAlign = "center";
    this.pieces.forEach((piece, i) => {
      const x = (this.at[i]! / seconds) * width;
      g.fillStyle = i < this.final ? ink : accent;
      g.globalAlpha = 0.35;
      g.fillRect(x, 4, 1, 102);
      g.globalAlpha = 1;
      g.fillText(visible(piece), Math.max(6, x), i % 2 ? 142 : 122);
    });
  }
}

function joined(parts: Float32Array[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The mean of each so many samples: for models of a lower rate than a browser has. */
function thinned(samples: Float32Array<ArrayBuffer>, times: number): Float32Array<ArrayBuffer> {
  if (times === 1) return samples;
  const fewer = new Float32Array(Math.floor(samples.length / times));
  for (let i = 0; i < fewer.length; i++) {
    let sum = 0;
    for (let k = 0; k < times; k++) sum += samples[i * times + k]!;
    fewer[i] = sum / times;
  }
  return fewer;
}
