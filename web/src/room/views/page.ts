/** Which view the page shows. */

import { t } from "../../texts.js";
import type { Acts, Model } from "../model.js";
import { h, type Branch, type Child } from "../view.js";
import { checkView } from "./check.js";
import { endView, endWords } from "./endings.js";
import { roomView } from "./layouts.js";
import { questionView } from "./question.js";
import { enteringView, waitingView } from "./waiting.js";

export function pageView(model: Model, acts: Acts): Branch {
  return h("div.meeting", null, screen(model, acts), questionView(model, acts));
}

function screen(model: Model, acts: Acts): Child {
  switch (model.screen) {
    case "loading":
    case "entering":
      return enteringView(model);
    case "check":
      return checkView(model, acts);
    case "waiting":
      return waitingView(model, acts);
    case "room":
      return roomView(model, acts);
    case "end":
      return endView(model, acts);
  }
}

export function pageTitle(model: Model): string {
  const title = model.state?.meeting.title ?? t("Möte");
  switch (model.screen) {
    case "check":
      return t("Prova ljud och bild");
    case "waiting":
      return t("Väntrummet, %(title)s", { title });
    case "end":
      return endWords(model, model.ending ?? "left")[0];
    case "room":
      return t("%(title)s, pågår", { title });
    default:
      return title;
  }
}
