// The pages: a row for each. To add one, write its file beside this one, and its row here.

import { ForecastPage } from "./forecast";
import type { PageRow } from "./page";
import { WritePage } from "./write";

export const PAGES: PageRow[] = [
  { tasks: ["lm"], about: "Write, and see what comes next", tag: "write-page", page: WritePage },
  {
    tasks: ["forecast"],
    about: "Move a point, and see the future move",
    tag: "forecast-page",
    page: ForecastPage,
  },
];

for (const row of PAGES) customElements.define(row.tag, row.page);
