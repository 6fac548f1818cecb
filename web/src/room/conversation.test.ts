import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Conversation } from "./conversation.js";
import { firstModel, type Model } from "./model.js";
import type { Session } from "./session.js";
import { encode, HAND_TOPIC, LINE_EVERY, LINE_TOPIC } from "./text.js";

const settled = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0));

class Around {
  model: Model = firstModel({ meeting: "m", kiosk: false, home: false, phone: "", start: "/", vouching_key: "", encryption_worker: "", state: null }, "desk", new Date());
  readonly said: string[] = [];
  readonly sent: { topic: string; packet: unknown; to: readonly string[] }[] = [];
  readonly spoken: string[] = [];
  reading = false;
  broken = false;
  here = true;
  readonly names: Record<string, string> = { karin: "Karin Edlund", leila: "Leila Haddad" };
  readonly session = {
    identity: "me",
    say: async (words: string) => {
      if (this.broken) throw new Error("no line");
      this.spoken.push(words);
      return "1";
    },
    send: async (topic: string, payload: Uint8Array, to: readonly string[] = []) => {
      if (this.broken) throw new Error("no line");
      this.sent.push({ topic, packet: JSON.parse(new TextDecoder().decode(payload)), to });
    },
  } as unknown as Session;
  readonly talk = new Conversation({
    session: () => (this.here ? this.session : null),
    nameOf: (identity) => this.names[identity] ?? "",
    reading: () => this.reading,
    announce: (sentence) => void this.said.push(sentence),
    changed: (changes) => void (this.model = { ...this.model, ...changes }),
    now: () => this.model,
  });
}

describe("the conversation", () => {
  let around: Around;
  beforeEach(() => {
    vi.useFakeTimers();
    around = new Around();
  });
  afterEach(() => vi.useRealTimers());

  it("takes in what others write, and says so once where it is not being read", () => {
    around.talk.message("1", "karin", "Hej");
    expect(around.model.text.messages.map((one) => [one.name, one.text, one.mine])).toEqual([["Karin Edlund", "Hej", false]]);
    expect(around.model.text.unread).toBe(1);
    expect(around.said).toEqual(["Karin Edlund skrev i chatten."]);
    around.reading = true;
    around.talk.message("2", "leila", "Välkommen");
    expect(around.said.at(-1)).toBe("Leila Haddad: Välkommen");
  });

  it("does not listen to somebody the meeting does not know", () => {
    around.talk.message("1", "intruder", "Hej");
    around.talk.data(LINE_TOPIC, "intruder", encode({ line: "0", number: 1, text: "He" }));
    expect(around.model.text.messages).toEqual([]);
    expect(around.model.text.lines).toEqual([]);
    expect(around.said).toEqual([]);
  });

  it("sends a message, empties the draft and keeps one that did not arrive", async () => {
    around.model = { ...around.model, draft: "  Hej alla  " };
    around.talk.say();
    await settled();
    expect(around.spoken).toEqual(["Hej alla"]);
    expect(around.model.draft).toBe("");
    around.broken = true;
    around.model = { ...around.model, draft: "Hör ni mig?" };
    around.talk.say();
    await settled();
    expect(around.model.text.messages.map((one) => one.failed)).toEqual([false, true]);
    expect(around.said).toEqual(["Meddelandet kom inte fram."]);
  });

  it("keeps the draft while there is nobody to send it to", () => {
    around.here = false;
    around.model = { ...around.model, draft: "Hej" };
    around.talk.say();
    expect(around.model.draft).toBe("Hej");
  });

  it("shows the text as it is typed only where that is ticked, and at most every 300 ms", () => {
    const type = (draft: string): void => {
      around.model = { ...around.model, draft };
      around.talk.typed();
    };
    type("H");
    vi.advanceTimersByTime(LINE_EVERY);
    expect(around.sent).toEqual([]);
    around.model = { ...around.model, realTime: true };
    for (const draft of ["He", "Hej", "Hej!"]) type(draft);
    vi.advanceTimersByTime(LINE_EVERY);
    expect(around.sent).toEqual([{ topic: LINE_TOPIC, packet: { line: "0", number: 1, text: "Hej!" }, to: [] }]);
    around.model = { ...around.model, realTime: false };
    around.talk.typed();
    vi.advanceTimersByTime(LINE_EVERY);
    expect(around.sent.at(-1)?.packet).toEqual({ line: "0", number: 2, text: "" });
  });

  it("takes away the line that was being typed when it is sent", async () => {
    around.model = { ...around.model, realTime: true, draft: "Hej" };
    around.talk.typed();
    vi.advanceTimersByTime(LINE_EVERY);
    around.talk.say();
    await settled();
    expect(around.sent.map((one) => (one.packet as { text: string }).text)).toEqual(["Hej", ""]);
  });

  it("keeps hands by person, tells of each once, and lets them go with the person", () => {
    const up = (): readonly string[] => [...around.talk.handsUp("anna", false, (identity) => `p-${identity}`)];
    around.talk.data(HAND_TOPIC, "karin", encode({ up: true }));
    around.talk.data(HAND_TOPIC, "karin", encode({ up: true }));
    around.talk.data(HAND_TOPIC, "leila", new Uint8Array([1, 2, 3]));
    expect(up()).toEqual(["p-karin"]);
    expect(around.said).toEqual(["Karin Edlund räcker upp handen."]);
    expect([...around.talk.handsUp("anna", true, (identity) => identity)]).toEqual(["karin", "anna"]);
    around.talk.gone("karin");
    expect(up()).toEqual([]);
  });

  it("tells whoever comes later that our hand is up", () => {
    around.talk.greet("karin");
    expect(around.sent).toEqual([]);
    around.model = { ...around.model, hand: true };
    around.talk.raise(true);
    around.talk.greet("leila");
    expect(around.sent).toEqual([
      { topic: HAND_TOPIC, packet: { up: true }, to: [] },
      { topic: HAND_TOPIC, packet: { up: true }, to: ["leila"] },
    ]);
  });
});
