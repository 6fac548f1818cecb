/** What someone who leads the meeting can do: let in, send away, hand over, end. The server decides; a refusal is told in its words. */

import { Problem, type MeetingClient } from "../client.js";
import type { HomePerson } from "../meeting.js";
import { t } from "../texts.js";
import { refusalWords } from "./consent.js";
import type { Model, Question } from "./model.js";

interface Around {
  readonly client: MeetingClient;
  readonly model: () => Model;
  readonly set: (changes: Partial<Model>) => void;
  readonly leaveNow: () => void;
  readonly closePanel: () => void;
  /** In, although this browser cannot encrypt end to end. */
  readonly goInUnencrypted: () => void;
}

export class Leading {
  constructor(private readonly around: Around) {}

  quiet(participant: string): void {
    this.around.set({ quieted: new Set([...this.around.model().quieted, participant]) });
  }

  admit(participant: string): void {
    const one = this.around.model().state?.participants.find((item) => item.id === participant);
    if (one && !one.encrypts) return this.ask({ about: "admit-unencrypted", participant, name: one.given_name });
    this.lead(`admit:${participant}`, () => this.around.client.admit(participant));
  }

  admitAll(): void {
    this.lead("admit-all", () => this.around.client.admitAll());
  }

  notYet(participant: string): void {
    this.quiet(participant);
    this.lead(`deny:${participant}`, () => this.around.client.deny(participant, false));
  }

  /** One who came by a code alone is the right person. */
  recognise(participant: string): void {
    this.lead(`recognise:${participant}`, () => this.around.client.recognise(participant));
  }

  coHost(participant: string): void {
    this.lead(`co-host:${participant}`, () => this.around.client.coHost(participant));
  }

  mute(participant: string): void {
    this.lead(`mute:${participant}`, () => this.around.client.mute(participant));
  }

  nameHome(people: readonly HomePerson[]): void {
    this.lead("home", () => this.around.client.nameHome(people));
    this.around.closePanel();
  }

  ask(question: Question): void {
    this.around.set({ question });
  }

  answer(yes: boolean): void {
    const { question } = this.around.model();
    this.around.set({ question: null });
    if (!yes || !question) return;
    const { client } = this.around;
    if (question.about === "leave") this.around.leaveNow();
    else if (question.about === "unencrypted") this.around.goInUnencrypted();
    else if (question.about === "admit-unencrypted") this.lead(`admit:${question.participant}`, () => client.admit(question.participant, true));
    else if (question.about === "end") this.lead("end", () => client.end());
    else if (question.about === "remove") this.lead(`remove:${question.participant}`, () => client.remove(question.participant));
    else if (question.about === "deny") this.lead(`deny:${question.participant}`, () => client.deny(question.participant, true));
    else this.lead(`host:${question.participant}`, () => client.handOver(question.participant));
  }

  /** One act of a leader: the button says that it is being done; a refusal is told in the server's words. */
  private lead(name: string, act: () => Promise<unknown>): void {
    if (this.around.model().busy.has(name)) return;
    this.around.set({ busy: new Set([...this.around.model().busy, name]), notice: "" });
    void act()
      .catch((error: unknown) => {
        const words = error instanceof Problem && error.status !== 0 ? refusalWords(error, this.around.model().layout) : "";
        this.around.set({ notice: words || t("Det gick inte. Försök en gång till.") });
      })
      .finally(() => this.around.set({ busy: new Set([...this.around.model().busy].filter((one) => one !== name)) }));
  }
}
