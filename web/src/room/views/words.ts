/** Times and states as the room says them. */

import { language, ngettext, t } from "../../texts.js";
import type { Participant, State } from "../../meeting.js";
import type { Model } from "../model.js";

/** "10.14": Swedish writes a point. English a colon. */
export function clock(when: Date | string): string {
  const text = new Date(when).toLocaleTimeString(language() === "en" ? "en-GB" : "sv-SE", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Stockholm" });
  return language() === "en" ? text : text.replace(":", ".");
}

/** "kl. 10.00". */
export const at = (when: Date | string): string => t("kl. %(time)s", { time: clock(when) });

export function day(when: Date | string): string {
  return new Date(when).toLocaleDateString(language() === "en" ? "en-GB" : "sv-SE", { weekday: "long", day: "numeric", month: "long", timeZone: "Europe/Stockholm" });
}

export const minutesBetween = (from: Date, to: Date): number => Math.round((to.getTime() - from.getTime()) / 60_000);

export function minutesLeft(state: State, now: Date): string {
  const left = minutesBetween(now, new Date(state.meeting.ends_at));
  return left > 0 ? ngettext("%(num)s minut kvar", "%(num)s minuter kvar", left) : t("Tiden är slut");
}

export function waited(participant: Participant, now: Date): string {
  const minutes = participant.waiting_since ? Math.floor((now.getTime() - new Date(participant.waiting_since).getTime()) / 60_000) : 0;
  return minutes < 1 ? t("Kom nyss") : ngettext("Väntat %(num)s minut", "Väntat %(num)s minuter", minutes);
}

/** "Karin Edlund väntar på att komma in", "Två väntar på att komma in". */
export function knockWords(people: readonly Participant[]): string {
  const [first] = people;
  if (people.length === 1 && first) return t("%(name)s väntar på att komma in", { name: first.name });
  return t("%(count)s väntar på att komma in", { count: numberWord(people.length) });
}

export function numberWord(number: number): string {
  const words = [t("Noll"), t("En"), t("Två"), t("Tre"), t("Fyra"), t("Fem"), t("Sex"), t("Sju"), t("Åtta"), t("Nio")];
  return words[number] ?? String(number);
}

/** The line, as one sees it in the bar: never only a colour. */
export function lineWords(model: Model): { readonly text: string; readonly good: boolean } {
  if (model.media === "reconnecting" || model.connection === "lost") return { text: t("Du har tappat nätet"), good: false };
  if (model.network.words !== "good") return { text: t("Svagt nät"), good: false };
  return { text: t("Bra förbindelse"), good: true };
}

export function deviceLabel(label: string, number: number): string {
  return label || t("Enhet %(number)s", { number });
}
