/** The chat, with real-time text beside it (EN 301 549, 6.2): seen as it is typed where the writer has ticked the box. */

import pencil from "lucide-static/icons/pencil.svg";
import send from "lucide-static/icons/send.svg";
import alert from "lucide-static/icons/triangle-alert.svg";
import { t } from "../../texts.js";
import type { Acts, Model } from "../model.js";
import { LONGEST, type Line, type Message } from "../text.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { face, mark } from "./parts.js";
import { clock } from "./words.js";

export function messages(model: Model): Branch {
  const { text } = model;
  const empty = text.messages.length === 0 && text.lines.length === 0;
  return h(
    "div.msgs-box",
    {
      key: "messages",
      tabindex: 0,
      role: "log",
      "aria-live": "off", // the announcer reads new ones, one at a time
      "aria-label": t("Meddelanden"),
      attach: { id: `end:${text.messages.length}:${text.lines.map((one) => one.text.length).join()}`, to: (element) => void (element.scrollTop = element.scrollHeight) },
    },
    empty ? h("p.muted", null, t("Inget är skrivet än. Det som skrivs här ser alla i mötet, och det sparas inte.")) : null,
    h("ul.msgs", null, text.messages.map((one) => message(model, one)), text.lines.map((one) => line(model, one))),
  );
}

function message(model: Model, one: Message): Branch {
  if (one.mine) {
    return h("li.msg.msg--me", { key: one.id }, h("p.by", null, h("b", null, t("Du")), `, ${clock(one.at)}`), h("p.said", null, one.text), one.failed ? mark(alert, t("Kom inte fram"), "stop") : null);
  }
  return h("li.msg", { key: one.id }, faceOf(model, one.from), h("p.by", null, h("b", null, one.name), role(model, one.from), `, ${clock(one.at)}`), h("p.said", null, one.text));
}

const line = (model: Model, one: Line): Branch =>
  h("li.msg.msg--now", { key: `line:${one.from}` }, faceOf(model, one.from), h("p.by", null, h("b", null, one.name), " ", mark(pencil, t("Skriver"), "info")), h("p.said", null, one.text));

function faceOf(model: Model, identity: string): Branch {
  const tile = model.tiles.find((one) => one.identity === identity);
  return face(tile?.initials ?? "", tile?.party ?? "other", tile?.home ?? false);
}

function role(model: Model, identity: string): string {
  const first = model.tiles.find((one) => one.identity === identity)?.lines[0];
  return first ? `, ${first.toLowerCase() === first ? first : first[0]?.toLowerCase() + first.slice(1)}` : "";
}

export function writeForm(model: Model, acts: Acts): Branch {
  return h(
    "form.write",
    {
      key: "write",
      on: {
        submit: (event) => {
          event.preventDefault();
          acts.say();
        },
      },
    },
    h("label", { for: "message" }, t("Skriv till alla i mötet")),
    h(
      "div",
      null,
      h("input", { id: "message", autocomplete: "off", maxlength: LONGEST, value: model.draft, "aria-describedby": "real-time-words", on: { input: (event: Event) => acts.type((event.target as HTMLInputElement).value) } }),
      h("button.button", { type: "submit" }, icon(send), h("span", null, t("Skicka"))),
    ),
    h(
      "label.rtt",
      null,
      h("input", { type: "checkbox", checked: model.realTime, on: { change: (event: Event) => acts.setRealTime((event.target as HTMLInputElement).checked) } }),
      h("span", { id: "real-time-words" }, t("Visa texten medan jag skriver")),
    ),
  );
}

export const chatBody = (model: Model, acts: Acts): Child => [messages(model), writeForm(model, acts)];
