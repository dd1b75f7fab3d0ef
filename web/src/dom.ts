// A few words for making elements.

type Child = Node | string | null | undefined | false;
type Handlers = { [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K]) => void };
type Attributes = Record<string, string | number | boolean | null | undefined>;

/** An element: attributes, then handlers by their names in the DOM, then what is in it. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  handlers: Handlers = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  Object.assign(made, handlers);
  made.append(
    ...children.filter((one): one is Node | string => one !== null && one !== undefined && one !== false),
  );
  return made;
}

/** The same without attributes or handlers. */
export const text = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  ...children: Child[]
): HTMLElementTagNameMap[K] => h(tag, name ? { class: name } : {}, {}, ...children);

/** Call at the next frame of the screen, once, however often it was asked for. */
export function onFrame(draw: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** A colour of the page, as canvas takes it. */
export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** A share in words: 34 %, 0.2 %. */
export const percent = (p: number): string =>
  p >= 0.995
    ? "100 %"
    : p >= 0.0995
      ? `${Math.round(p * 100)} %`
      : p >= 0.001
        ? `${(p * 100).toFixed(1)} %`
        : "<0.1 %";

/** A number as briefly as it can be told from its neighbours. */
export const brief = (v: number): string =>
  !Number.isFinite(v)
    ? ""
    : Math.abs(v) >= 1000
      ? Math.round(v).toLocaleString("en")
      : String(Number(v.toPrecision(3)));

/** Text whose blanks and line ends can be seen. */
export const visible = (token: string): string => token.replace(/\n/g, "⏎").replace(/ /g, "␣") || "∅";

/** Whether letters go where somebody writes, so that single keys are not commands. */
export const writing = (event: KeyboardEvent): boolean =>
  event.target instanceof HTMLElement && /^(TEXTAREA|INPUT|SELECT)$/.test(event.target.tagName);

/** A sentence at the foot of the page, for a few seconds; screen readers read it. */
export function say(sentence: string): void {
  document.dispatchEvent(new CustomEvent("say", { detail: sentence }));
}
