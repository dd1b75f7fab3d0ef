// The pages: a row for each. To add one, write its file beside this one, and its row here.

import { CaptionPage } from "./caption";
import { ChatPage } from "./chat";
import { ComposePage } from "./compose";
import { ForecastPage } from "./forecast";
import { HandwritePage } from "./handwrite";
import { HearPage } from "./hear";
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
  {
    tasks: ["caption"],
    about: "Drop a picture, and see where it looked at each word",
    tag: "caption-page",
    page: CaptionPage,
  },
  { tasks: ["transcribe"], about: "Speak, and see where each letter is", tag: "hear-page", page: HearPage },
  { tasks: ["compose"], about: "Play, and it answers", tag: "compose-page", page: ComposePage },
  { tasks: ["handwrite"], about: "Watch the pen write", tag: "handwrite-page", page: HandwritePage },
];

for (const row of PAGES) customElements.define(row.tag, row.page);
