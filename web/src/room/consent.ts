/** A consent that is missing in the middle of a meeting: told to those who lead, since whose it is is secret to others. */

import { backOff, type Problem } from "../client.js";
import { leads, type MeetingEvent } from "../meeting.js";
import { t } from "../texts.js";
import type { Layout } from "./model.js";

/** Whether the event may have changed it, for one who may know. Each (re)connection begins with "state". */
export const asksConsent = ({ event, state }: MeetingEvent): boolean => leads(state.me) && /^(state|consent|invitation|role|meeting)/.test(event);

/** First what happened, then whose it is and what to do. The travel laptop is seen by everybody in the home: it names nobody. */
export function consentWords(consent: string, layout: Layout): [string, string] {
  const end = consent.indexOf(". ") + 1 || consent.length;
  return [consent.slice(0, end), layout === "kiosk" ? t("På mötets sida ser du vems.") : consent.slice(end).trim()];
}

/** A refusal in the server's words, but on the travel laptop without the name of whose consent is missing. */
export function refusalWords({ code, title, detail }: Problem, layout: Layout): string {
  const words = detail || title;
  return code === "consent-missing" ? consentWords(words, layout).join(" ") : words;
}

/** How many times one question is asked. Whoever lets somebody in all the same is told by the refusal. */
export const TRIES = 10;

/** Asks what is missing until there is an answer, and tells it; once there is a later question, nothing is told of an earlier one. */
export class ConsentQuestions {
  private asked = 0;

  constructor(
    private readonly question: () => Promise<string>,
    private readonly tell: (consent: string) => void,
  ) {}

  async ask(): Promise<void> {
    const turn = ++this.asked;
    for (let tries = 0; tries < TRIES && turn === this.asked; tries++) {
      const answer = await this.question().catch(() => null);
      if (turn === this.asked && answer !== null) return this.tell(answer);
      await new Promise((resolve) => setTimeout(resolve, backOff(tries, Math.random)));
    }
  }
}
