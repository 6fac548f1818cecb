/** Where the way ends: what happened, then what can be done. Never a dead page. */

import house from "lucide-static/icons/house.svg";
import phone from "lucide-static/icons/phone.svg";
import rotate from "lucide-static/icons/rotate-cw.svg";
import { t } from "../../texts.js";
import type { Acts, Ending, Model } from "../model.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { button } from "./parts.js";
import { at, clock, day } from "./words.js";

export function endView(model: Model, acts: Acts): Branch {
  const ending = model.ending ?? "left";
  const [title, text] = endWords(model, ending);
  return h(
    "div.wrap.ending",
    { key: "end" },
    h("h1", { tabindex: -1, id: "view-title" }, title),
    h("p.lead", null, model.refusal && ending !== "left" ? model.refusal : text),
    h("div.ending__acts", null, nextActs(model, acts, ending)),
    facts(model, ending),
  );
}

export function endWords(model: Model, ending: Ending): readonly [title: string, text: string] {
  const leader = model.state?.meeting.led_by?.given_name;
  switch (ending) {
    case "ended":
      return [t("Tack för i dag"), t("Mötet är slut. Kameran och mikrofonen är avstängda, och du kan stänga sidan.")];
    case "left":
      return [t("Du har lämnat mötet"), t("Kameran och mikrofonen är avstängda. Ville du vara kvar? Gå in igen så länge mötet pågår.")];
    case "removed":
      return [t("Du är inte längre med i mötet"), t("Den som leder mötet har avslutat din medverkan. Ring om det blev fel, så kan du få en ny inbjudan.")];
    case "denied":
      return [t("Du släpptes inte in"), t("Ring den som bjöd in dig om det blev fel, så kan du få en ny inbjudan.")];
    case "cancelled":
      return [t("Mötet är inställt"), t("Du behöver inte göra något. Ring om du undrar över något.")];
    case "elsewhere":
      return [t("Du är med från en annan enhet"), t("Mötet är öppet på en annan enhet eller i en annan flik, så den här har stängts för att det inte ska bli rundgång.")];
    case "unidentified":
      return [t("Visa vem du är igen"), t("Du har loggats ut. Vi behöver veta att det är du.")];
    case "unknown":
      return [t("Vi hittar inte mötet"), t("Öppna din länk en gång till, eller ring den som bjöd in dig.")];
    case "refused":
      return [t("Det gick inte att komma in"), leader ? t("Ring %(name)s, så får du hjälp.", { name: leader }) : t("Ring den som bjöd in dig, så får du hjälp.")];
  }
}

function nextActs(model: Model, acts: Acts, ending: Ending): Child {
  const back = model.page.kiosk ? "/kiosk" : "/";
  const home = h("a.button.button--second", { href: back, key: "home" }, icon(house), h("span", null, model.page.kiosk ? t("Till dagens möten") : t("Till startsidan")));
  switch (ending) {
    case "left":
      return [button(rotate, t("Gå in igen"), () => acts.again(), { key: "again" }), home];
    case "elsewhere":
      return [button(rotate, t("Fortsätt här i stället"), () => acts.again(), { key: "again" }), home];
    case "unidentified":
      return [h("a.button", { href: model.page.start, key: "identify" }, icon(rotate), h("span", null, t("Visa vem du är")))];
    case "refused":
    case "unknown":
      return [button(rotate, t("Försök igen"), () => acts.again(), { key: "again" }), home, call(model)];
    case "removed":
    case "denied":
      return [call(model)];
    case "ended":
    case "cancelled":
      return [home, ending === "cancelled" ? call(model) : null];
  }
}

function call(model: Model): Branch {
  const number = model.state?.meeting.phone || model.page.phone;
  return h("a.button.button--second", { href: `tel:${number.replace(/[^+\d]/g, "")}`, key: "call" }, icon(phone), h("span", null, t("Ring %(number)s", { number: unbroken(number) })));
}

/** A telephone number stays on one line. */
const unbroken = (number: string): string => number.replaceAll(" ", "\u00a0");

function facts(model: Model, ending: Ending): Child {
  const meeting = model.state?.meeting;
  if (!meeting || (ending !== "ended" && ending !== "left")) return null;
  return h(
    "section.slab.ending__facts",
    { "aria-labelledby": "facts-title" },
    h("h2", { id: "facts-title" }, meeting.title),
    h("p", null, `${day(meeting.starts_at)} ${at(meeting.started_at ?? meeting.starts_at)}`, meeting.ended_at ? `–${clock(meeting.ended_at)}` : ""),
    h("p", null, t("Mötet spelades inte in. Det är antecknat vem som var med och när. %(name)s kan alltid få se de anteckningarna.", { name: meeting.person.given_name })),
    h("p", null, t("Undrar du över något? Ring %(organisation)s, %(number)s.", { organisation: meeting.organisation, number: unbroken(meeting.phone) })),
  );
}
