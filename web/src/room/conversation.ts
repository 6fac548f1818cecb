/** Text, real-time text and raised hands: what is said in the meeting without sound. */

import { t } from "../texts.js";
import type { Model } from "./model.js";
import type { Session } from "./session.js";
import {
  clean, decodeHand, decodeLine, encode, HAND_TOPIC, LINE_EVERY, LINE_TOPIC, LONGEST, withFailed, withLine, withMessage, withoutPerson,
} from "./text.js";

interface Around {
  readonly session: () => Session | null;
  readonly nameOf: (identity: string) => string;
  readonly reading: () => boolean;
  readonly announce: (sentence: string) => void;
  readonly changed: (changes: Partial<Model>) => void;
  readonly now: () => Model;
}

export class Conversation {
  private line = 0;
  private number = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sentLine = "";
  private readonly hands = new Set<string>();

  constructor(private readonly around: Around) {}

  message(id: string, from: string, text: string): void {
    const name = this.around.nameOf(from);
    if (!name) return; // nobody the meeting knows
    const { text: before } = this.around.now();
    const reading = this.around.reading();
    this.around.changed({ text: withMessage(before, { id, from, name, text, at: new Date(), mine: false, failed: false }, reading) });
    this.around.announce(reading ? `${name}: ${clean(text).slice(0, 200)}` : t("%(name)s skrev i chatten.", { name }));
  }

  data(topic: string, from: string, payload: Uint8Array): void {
    const name = this.around.nameOf(from);
    if (topic === LINE_TOPIC) {
      const packet = decodeLine(payload);
      if (packet && name) this.around.changed({ text: withLine(this.around.now().text, { from, name, ...packet }) });
    } else if (topic === HAND_TOPIC) {
      const up = decodeHand(payload);
      if (up === null) return;
      if (up === this.hands.has(from)) return;
      if (up) this.hands.add(from);
      else this.hands.delete(from);
      if (up && name) this.around.announce(t("%(name)s räcker upp handen.", { name }));
    }
  }

  gone(identity: string): void {
    this.hands.delete(identity);
    this.around.changed({ text: withoutPerson(this.around.now().text, identity) });
  }

  /** Somebody came: tell them that our hand is up. */
  greet(identity: string): void {
    if (this.around.now().hand) void this.around.session()?.send(HAND_TOPIC, encode({ up: true }), [identity]).catch(() => undefined);
  }

  raise(up: boolean): void {
    void this.around.session()?.send(HAND_TOPIC, encode({ up })).catch(() => undefined);
  }

  /** Participant ids of those with a hand up. */
  handsUp(me: string | null, mine: boolean, participantOf: (identity: string) => string): ReadonlySet<string> {
    const ids = new Set([...this.hands].map(participantOf));
    if (mine && me) ids.add(me);
    return ids;
  }

  /** The draft changed: with real-time text on, others see it within 300 ms. */
  typed(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.sendLine();
    }, LINE_EVERY);
  }

  say(): void {
    const { draft, text } = this.around.now();
    const words = clean(draft.trim());
    const session = this.around.session();
    if (!words || !session) return;
    const { identity } = session;
    const id = `mine:${crypto.randomUUID()}`;
    this.around.changed({
      draft: "",
      text: withMessage(text, { id, from: identity, name: "", text: words, at: new Date(), mine: true, failed: false }, true),
    });
    session.say(words).then(
      () => this.sendLine(true),
      () => {
        this.around.changed({ text: withFailed(this.around.now().text, id) });
        this.around.announce(t("Meddelandet kom inte fram."));
      },
    );
  }

  private sendLine(done = false): void {
    const { draft, realTime } = this.around.now();
    const text = realTime && !done ? draft.slice(0, LONGEST) : "";
    if (text === this.sentLine) return;
    this.sentLine = text;
    this.number += 1;
    const packet = { line: String(this.line), number: this.number, text };
    if (text === "") this.line += 1;
    void this.around.session()?.send(LINE_TOPIC, encode(packet)).catch(() => undefined);
  }
}
