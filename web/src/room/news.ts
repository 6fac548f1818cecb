/** What an event means to somebody who cannot see the page: at most two sentences. */

import { leads, waiting, type MeetingEvent, type State } from "../meeting.js";
import { t } from "../texts.js";
import type { Safety } from "./encryption/encryption.js";
import { hostAway } from "./people.js";

export function newsOf(before: State | null, event: MeetingEvent): string[] {
  const { state } = event;
  if (!before) return [];
  const one = state.participants.find((item) => item.id === event.participant) ?? before.participants.find((item) => item.id === event.participant);
  const mine = event.participant !== null && event.participant === state.me.participant;
  switch (event.event) {
    case "participant.joined":
      if (!one || mine) return [];
      return [t("%(name)s kom in i mötet.", { name: one.name }), ...(one.unrecognised && leads(state.me) ? [t("Ser du att det är %(name)s?", { name: one.name })] : [])];
    case "participant.recognised":
      return mine ? [t("Nu hör och ser du de andra.")] : [];
    case "participant.left":
      return one && !mine ? [t("%(name)s lämnade mötet.", { name: one.name })] : [];
    case "participant.removed":
      return one && !mine ? [t("%(name)s är inte längre med.", { name: one.name })] : [];
    case "participant.admitted":
      return mine ? [t("Du är insläppt.")] : [];
    case "lobby.left":
      return leads(state.me) && waiting(before).length > waiting(state).length && one ? [t("%(name)s väntar inte längre.", { name: one.name })] : [];
    case "meeting.started":
      return [t("Mötet har börjat.")];
    case "host.away":
      return [hostAway(state)].filter((said) => said !== null);
    case "host.back":
      return [t("Den som leder mötet är tillbaka.")];
    case "role.changed":
      return !leads(before.me) && leads(state.me) ? [t("Nu kan du släppa in folk och leda mötet.")] : [];
    default:
      return [];
  }
}

/** What a change of the encryption means. A new code after somebody has come or gone is as it should be, and read when asked for. */
export function safetyNews(before: Safety, now: Safety): string[] {
  if (before.mode !== "off" && now.mode === "off") return [t("Mötet är inte krypterat hela vägen just nu.")];
  if (before.mode === "off" && now.mode === "on") return [t("Mötet är krypterat hela vägen igen.")];
  if (before.code !== null && now.code === null) return [t("Säkerhetskoden stämmer inte.")];
  return [];
}
