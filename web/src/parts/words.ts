// Where the tokens of a text stand in it, and shades behind them.

/** Where tokens begin and end in a text; a token that is not found there takes what stands in its place. */
export class Aligned {
  readonly tokens: string[] = [];
  readonly ends: number[] = [];

  /** Forget the tokens from this one on, and go on with these. */
  set(from: number, tokens: string[], text: string): void {
    this.tokens.length = Math.min(this.tokens.length, from);
    this.ends.length = this.tokens.length;
    for (const token of tokens) {
      this.tokens.push(token);
      this.ends.push(this.after(token, text));
    }
  }

  begin(at: number): number {
    return at > 0 ? this.ends[at - 1]! : 0;
  }

  private after(token: string, text: string): number {
    const from = this.ends.at(-1) ?? 0;
    if (text.startsWith(token, from)) return from + token.length;
    const blank = /^\s*/.exec(text.slice(from, from + 64))![0].length;
    const bare = token.trim();
    if (bare && text.slice(from + blank, from + blank + bare.length).toLowerCase() === bare.toLowerCase())
      return from + blank + bare.length;
    if (/^<.*>$/.test(token))
      return from + blank + (/^(\w+|.)/su.exec(text.slice(from + blank, from + blank + 64))?.[0].length ?? 0);
    return Math.min(text.length, from + Math.max(1, token.length));
  }
}

export const LEVELS = 6; // of a shade, on each side of 0

const shades = new Map<string, Highlight>();

/** Whether the browser can shade text that is not cut into elements. */
export const shading = typeof Highlight !== "undefined" && "highlights" in CSS;

/** Shade parts of the text in a node: each with a strength from -1 to 1. Earlier shades go. */
export function shade(node: Text, parts: Iterable<[begin: number, end: number, strength: number]>): void {
  if (!shading) return;
  for (const one of shades.values()) one.clear();
  for (const [begin, end, strength] of parts) {
    const level = Math.min(LEVELS, Math.round(Math.abs(strength) * LEVELS));
    if (!level || begin >= end || end > node.length) continue;
    const name = `${strength > 0 ? "for" : "against"}-${level}`;
    let set = shades.get(name);
    if (!set) {
      set = new Highlight();
      shades.set(name, set);
      CSS.highlights.set(name, set);
    }
    const range = new StaticRange({
      startContainer: node,
      startOffset: begin,
      endContainer: node,
      endOffset: end,
    });
    set.add(range);
  }
}
