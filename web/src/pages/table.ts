// The pages: a row for each. To add one, write its file beside this one, and its row here.

import { ChatPage } from "./chat";
import { ForecastPage } from "./forecast";
import { LabelPage } from "./label";
import type { PageRow } from "./page";
import { TextsPage } from "./texts";
import { WritePage } from "./write";

export const PAGES: PageRow[] = [
  { tasks: ["lm"], about: "Write, and see what comes next", tag: "write-page", page: WritePage },
  {
    tasks: ["classify", "regress", "tag"],
    about: "Write or draw, and see the answer change",
    tag: "label-page",
    page: LabelPage,
  },
  {
    tasks: ["forecast"],
    about: "Move a point, and see the future move",
    tag: "forecast-page",
    page: ForecastPage,
  },
  {
    tasks: ["translate", "summarize", "answer"],
    about: "Give a text, and see which words each word of the answer looked at",
    tag: "texts-page",
    page: TextsPage,
  },
  {
    tasks: ["chat"],
    about: "Talk with it, and see what else it might have said",
    tag: "chat-page",
    page: ChatPage,
  },
];

for (const row of PAGES) customElements.define(row.tag, row.page);
