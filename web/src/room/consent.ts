/** A consent that is missing in the middle of a meeting: told to those who lead, since whose it is is secret to others. */

import { leads, type MeetingEvent } from "../meeting.js";
import { t } from "../texts.js";
import type { Layout } from "./model.js";

/** Whether the event may have changed it, for one who may know. Each (re)connection begins with "state". */
export const asksConsent = ({ event, state }: MeetingEvent): boolean => leads(state.me) && /^(state|consent|invitation|role|meeting)/.test(event);

/** First what happened, then what to do. The travel laptop is seen by everybody in the home: it names nobody. */
export function consentWords(consent: string, layout: Layout): [string, string] {
  if (layout === "kiosk") return [t("Ett samtycke saknas."), t("Ingen mer kan släppas in. På mötets sida ser du vems.")];
  const end = consent.indexOf(". ") + 1 || consent.length;
  return [consent.slice(0, end), consent.slice(end).trim()];
}

/** Asks what is missing, and tells it; an answer that comes after that to a later question tells nothing any more. */
export class ConsentQuestions {
  private asked = 0;
  private told = 0;

  constructor(
    private readonly question: () => Promise<string>,
    private readonly tell: (consent: string) => void,
  ) {}

  async ask(): Promise<void> {
    const turn = ++this.asked;
    const answer = await this.question().catch(() => null); // no network: each connection begins with "state", and asks again
    if (answer === null || turn < this.told) return;
    this.told = turn;
    this.tell(answer);
  }
}
