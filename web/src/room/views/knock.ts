/** Somebody waits to come in: takes its own room beside the faces, one alert, and the answer in one touch. */

import bell from "lucide-static/icons/bell.svg";
import check from "lucide-static/icons/check.svg";
import clockIcon from "lucide-static/icons/clock.svg";
import doorOpen from "lucide-static/icons/door-open.svg";
import lockOpen from "lucide-static/icons/lock-open.svg";
import usersIcon from "lucide-static/icons/users.svg";
import { leads, waiting, type Participant } from "../../meeting.js";
import { t } from "../../texts.js";
import type { Acts, Model } from "../model.js";
import { linesOf, methodWords } from "../people.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { button, face, mark, methodMark } from "./parts.js";
import { knockWords, waited } from "./words.js";

/** Those who call for attention: waiting, not answered "not yet", not closed. */
export function knocking(model: Model): readonly Participant[] {
  const { state } = model;
  if (!state || !leads(state.me)) return [];
  return waiting(state).filter((one) => !one.not_yet && !model.quieted.has(one.id));
}

/** The strip over the faces (desk, phone). */
export function knockStrip(model: Model, acts: Acts): Branch | null {
  const people = knocking(model);
  const [first] = people;
  if (!first || model.panel === "people") return null;
  const several = people.length > 1;
  const told = several
    ? people.map((one) => one.given_name).join(", ")
    : [linesOf(first, givenOf(model)).join(", "), methodWords(first.method)?.text].filter(Boolean).join(". ");
  return h(
    "section.knock",
    { key: "knock", "data-theme": "light", "aria-label": t("Vid dörren") },
    h("p", { role: "alert", key: people.map((one) => one.id).join(" ") }, icon(bell), h("span", null, h("b", null, knockWords(people)), h("br", null), told)),
    h(
      "div",
      null,
      several
        ? button(doorOpen, t("Släpp in alla"), () => acts.admitAll(), { small: true, key: "all", busy: model.busy.has("admit-all") && t("Släpper in alla") })
        : admitButton(model, acts, first, true),
      button(null, t("Inte än"), () => people.forEach((one) => acts.notYet(one.id)), { kind: "second", small: true, key: "not-yet" }),
      button(usersIcon, t("Visa alla"), () => acts.show("people"), { kind: "quiet", small: true, key: "show" }),
    ),
  );
}

const givenOf = (model: Model): string => model.state?.meeting.person.given_name ?? "";

export function admitButton(model: Model, acts: Acts, one: Participant, small: boolean): Branch {
  return button(doorOpen, t("Släpp in %(name)s", { name: one.given_name }), () => acts.admit(one.id), {
    small, key: `admit-${one.id}`, busy: model.busy.has(`admit:${one.id}`) && t("Släpper in %(name)s", { name: one.given_name }),
  });
}

/** One who waits, with how they were identified and the answers. `small`: in a panel, not on the kiosk. */
export function guest(model: Model, acts: Acts, one: Participant, small: boolean): Branch {
  return h(
    "li.guest",
    { key: one.id },
    face(one.initials, one.party),
    h(
      "div.who",
      null,
      h("b", null, one.name),
      h("span", null, linesOf(one, givenOf(model)).join(", ")),
      h("p.guest__marks", null, methodMark(one.method), one.encrypts ? null : mark(lockOpen, t("Kan inte kryptera hela vägen"), "wait"), one.ready ? mark(check, t("Är redo")) : null, one.not_yet ? mark(clockIcon, t("Har fått svaret Inte än")) : one.ready ? null : mark(clockIcon, waited(one, model.now))),
    ),
    h(
      "div.guest__acts",
      null,
      admitButton(model, acts, one, small),
      one.not_yet
        ? button(null, t("Släpp inte in"), () => acts.ask({ about: "deny", participant: one.id, name: one.name }), { kind: "second", small, key: "deny", more: one.name })
        : button(null, t("Inte än"), () => acts.notYet(one.id), { kind: "second", small, key: "not-yet", more: one.name }),
    ),
  );
}

export function expected(model: Model): Child {
  const { state } = model;
  const away = state?.invited.filter((one) => one.state === "expected" && !one.host) ?? [];
  if (away.length === 0) return null;
  return [
    h("h3", { key: "expected-title" }, t("Har inte kommit")),
    h(
      "ul.people.people--away",
      { key: "expected" },
      away.map((one) => h("li", { key: one.invitation }, face(one.initials, one.party), h("div.who", null, h("b", null, one.name), linesOf(one, givenOf(model)).map((line) => h("span", { key: line }, line))))),
    ),
  ];
}
