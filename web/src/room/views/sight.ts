/** Who came by a code alone is seen but hears nobody, until one who leads says that it is the right person. */

import check from "lucide-static/icons/check.svg";
import eye from "lucide-static/icons/eye.svg";
import userX from "lucide-static/icons/user-x.svg";
import { leads, type Participant } from "../../meeting.js";
import { t } from "../../texts.js";
import type { Acts, Model } from "../model.js";
import { h, icon, type Branch } from "../view.js";
import { button, note } from "./parts.js";

/** Those who sit in the room and wait for a leader's word. */
export function unrecognised(model: Model): readonly Participant[] {
  const { state } = model;
  if (!state || !leads(state.me)) return [];
  return state.participants.filter((one) => one.unrecognised && one.state === "in_room" && one.id !== state.me.participant);
}

/** Over the faces (desk, phone), one person at a time: whoever answers looks at one face. */
export function sightStrip(model: Model, acts: Acts): Branch | null {
  const [first] = unrecognised(model);
  return first && model.panel !== "people" ? question(model, acts, first, true) : null;
}

export function question(model: Model, acts: Acts, one: Participant, small: boolean): Branch {
  return h(
    "section.knock",
    { key: `sight-${one.id}`, "data-theme": "light", "aria-label": t("Ser du att det är %(name)s?", { name: one.name }) },
    h("p", null, icon(eye), h("span", null, h("b", null, t("Ser du att det är %(name)s?", { name: one.name })), h("br", null), t("Kom in med en kod, och hör och ser ingen än."))),
    h(
      "div",
      null,
      button(check, t("Ja, det är %(name)s", { name: one.given_name }), () => acts.recognise(one.id), { small, key: "yes", busy: model.busy.has(`recognise:${one.id}`) && t("Släpper på ljud och bild") }),
      button(userX, t("Nej, ta bort"), () => acts.ask({ about: "remove", participant: one.id, name: one.name }), { kind: "second", small, key: "no", more: one.name }),
    ),
  );
}

/** To the person: what is being waited for. */
export const seenSoon = (): Branch => note("wait", eye, t("Den som leder mötet behöver se att det är du."), t("Snart hör och ser du de andra."));
