// The studio: the list of models, and the page of the one that is open.

import uplotStyle from "uplot/dist/uPlot.min.css";
import { h, say, text, writing } from "./dom";
import type { Health } from "./live";
import type { ModelAbout } from "./pages/page";
import { RunsPage } from "./pages/runs";
import { StartPage } from "./pages/start";
import { PAGES } from "./pages/table";
import { WholePage } from "./pages/whole";
import style from "./style.css";
import { apply, choose, type Theme, theme } from "./theme";

const sheet = new CSSStyleSheet();
sheet.replaceSync(uplotStyle + style);
document.adoptedStyleSheets = [sheet];
apply();

const STATES: Record<Health, string> = {
  opening: "connecting",
  open: "live",
  away: "The server is away. This page goes on when it is back.",
  refused: "no live view",
  locked: "The server has another token now: open the link that hitherto studio printed.",
};
const RUN = "+run/"; // what stands in the address before the name of a training
const START = "+start"; // what stands in the address for the page that trains a first model
const THEMES: [Theme, string][] = [
  ["auto", "System"],
  ["light", "Light"],
  ["dark", "Dark"],
];

const list = h("nav", { "aria-label": "Models" });
const stage = h("main", { id: "main", tabindex: -1 });
const live = h("p", { class: "toast", role: "status" });
const banner = h("p", { class: "banner", role: "alert", hidden: true });
const themes = h("div", { class: "segments small", role: "group", "aria-label": "Colours" });
let models: ModelAbout[] = [];
let runs: string[] = [];

document.body.append(
  h(
    "a",
    { class: "skip", href: "#main" },
    {
      onclick: (event) => {
        event.preventDefault();
        stage.focus();
      },
    },
    "Skip to the page",
  ),
  h(
    "aside",
    { "aria-label": "Studio" },
    {},
    text("p", "brand", "hitherto", text("span", "", " studio")),
    list,
    text("span", "space"),
    themes,
  ),
  banner,
  stage,
  live,
);

function showThemes(): void {
  themes.replaceChildren(
    ...THEMES.map(([value, name]) =>
      h(
        "button",
        { type: "button", "aria-pressed": String(value === theme()) },
        {
          onclick: () => {
            choose(value);
            showThemes();
          },
        },
        name,
      ),
    ),
  );
}

let toast = 0;
document.addEventListener("say", (event) => {
  live.textContent = (event as CustomEvent<string>).detail;
  clearTimeout(toast);
  toast = window.setTimeout(() => {
    live.textContent = "";
  }, 6000);
});

stage.addEventListener("health", (event) => {
  const health = (event as CustomEvent<Health>).detail;
  const state = stage.querySelector(".state");
  const away = health === "away" || health === "locked";
  if (state) {
    state.textContent = away ? "away" : STATES[health];
    state.setAttribute("data-health", health);
  }
  if (!banner.hidden && health === "open") say("The server is back.");
  banner.hidden = !away;
  banner.textContent = away ? STATES[health] : "";
});

const size = (bytes: number): string =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;

function open(name: string): void {
  const model = models.find((one) => one.name === name) ?? models[0];
  for (const link of list.querySelectorAll("a")) link.removeAttribute("aria-current");
  const run = name.startsWith(RUN) ? name.slice(RUN.length) : models.length ? "" : (runs[0] ?? "");
  if (runs.includes(run) && name !== START) {
    follow(run);
    return;
  }
  if (!model || name === START) {
    begin();
    return;
  }
  for (const link of list.querySelectorAll("a"))
    if (link.dataset.name === model.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  const row = model.view ? PAGES.find((one) => one.tasks.includes(model.task)) : undefined;
  const page = (row ? new row.page() : new WholePage()) as HTMLElement & { model: ModelAbout };
  page.model = model;
  page.className = "page";
  document.title = `${model.name} · Hitherto studio`;
  stage.replaceChildren(
    text(
      "header",
      "",
      text(
        "div",
        "",
        text("h1", "", model.name),
        text("p", "soft", `${model.task} · ${model.about} · ${size(model.bytes)}`),
      ),
      text("span", "space"),
      row && h("span", { class: "state", "data-health": "opening" }, {}, STATES.opening),
    ),
    page,
  );
}

/** The page of a training. */
function follow(run: string): void {
  list.querySelector(`[data-run="${CSS.escape(run)}"]`)?.setAttribute("aria-current", "page");
  const page = new RunsPage();
  page.className = "page";
  page.names = runs;
  page.first = run;
  document.title = `${run} · Hitherto studio`;
  stage.replaceChildren(
    text("header", "", text("div", "", text("h1", "", run), text("p", "soft", "training"))),
    page,
  );
}

/** The page that trains a first model. */
function begin(): void {
  const page = new StartPage();
  page.className = "page starters";
  page.onready = async (name) => {
    await known();
    location.hash = `#/${encodeURIComponent(name)}`;
    if (asked() === name) open(name);
  };
  document.title = "Hitherto studio";
  stage.replaceChildren(
    text(
      "header",
      "",
      text(
        "div",
        "",
        text("h1", "", models.length ? "Train an example" : "No model yet"),
        text(
          "p",
          "soft",
          "Train one here in a minute or two, or start the studio with yours: hitherto studio MODEL.safetensors",
        ),
      ),
    ),
    page,
  );
}

const asked = (): string => decodeURIComponent(location.hash.replace(/^#\/?/, ""));

/** Ask which models there are; false where the server lets nobody in. */
async function known(): Promise<boolean> {
  const answer = await fetch("studio/models");
  if (!answer.ok) {
    stage.replaceChildren(
      text("section", "card prose", text("h1", "", "Locked"), text("p", "", await answer.text())),
    );
    return false;
  }
  ({ models, runs } = (await answer.json()) as { models: ModelAbout[]; runs: string[] });
  list.replaceChildren(
    ...models.map((model) =>
      h(
        "a",
        { href: `#/${encodeURIComponent(model.name)}`, "data-name": model.name },
        {},
        text("span", "name", model.name),
        text("small", "", model.task),
      ),
    ),
    ...runs.map((run) =>
      h(
        "a",
        { href: `#/${encodeURIComponent(RUN + run)}`, "data-run": run },
        {},
        text("span", "name", run),
        text("small", "", "training"),
      ),
    ),
    h("a", { href: `#/${START}`, class: "soft" }, {}, "Train an example"),
  );
  return true;
}

async function start(): Promise<void> {
  if (await known()) open(asked());
}

addEventListener("hashchange", () => open(asked()));
addEventListener("keydown", (event) => {
  // [ and ] go through the models
  if (writing(event) || event.ctrlKey || event.metaKey || !["[", "]"].includes(event.key)) return;
  const at = models.findIndex((one) => one.name === (asked() || models[0]?.name));
  const next = models[(at + (event.key === "]" ? 1 : -1) + models.length) % models.length];
  if (next) location.hash = `#/${encodeURIComponent(next.name)}`;
});
showThemes();
void start();
