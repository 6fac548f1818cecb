import { afterEach, describe, expect, it, vi } from "vitest";
import { Problem, type MeetingClient } from "../client.js";
import type { EventName } from "../meeting.js";
import { asksConsent, ConsentQuestions, consentWords, TRIES } from "./consent.js";
import { Leading } from "./leading.js";
import { firstModel, type Acts, type Model, type PageData } from "./model.js";
import { anna, karin, leila, person, state } from "./state.sample.js";
import { View } from "./view.js";
import { messageView } from "./views/messages.js";

const acts = new Proxy({}, { get: () => () => 0 }) as Acts;
const page: PageData = { meeting: "m", kiosk: false, home: false, phone: "", start: "/", vouching_key: "", encryption_worker: "", state: null };
const said = "Samtycke saknas, så ingen mer kan släppas in. Bo Berg har tagit tillbaka sitt ja. Utan ett ja får mötet inte fortsätta.";
const lotta = person("lotta", "Lotta Berg", { co_host: true });
const model = (who: typeof anna, changes: Partial<Model> = {}): Model => ({
  ...firstModel(page, "desk", new Date("2026-11-24T09:10:00Z")), screen: "room", media: "on", connection: "open", state: state(who, [anna, karin, lotta]), consent: said, ...changes,
});

function shown(now: Model): string {
  const root = document.createElement("div");
  const branch = messageView(now, acts);
  if (branch) new View(root).draw(branch);
  return root.textContent;
}

afterEach(() => void vi.useRealTimers());

describe("a consent that is taken back while the meeting is on", () => {
  it.each([["state", true], ["consent.withdrawn", true], ["consent.given", true], ["invitation.changed", true], ["role.changed", true], ["participant.joined", false], ["lobby.entered", false]])(
    "is asked for after %s: %s, by those who lead alone", (event, asked) => {
      const told = (who: typeof anna): boolean => asksConsent({ event: event as EventName, at: "", participant: null, state: state(who, [anna, karin]) });
      expect([told(anna), told(lotta), told(karin), told(leila)]).toEqual([asked, asked, false, false]);
    },
  );

  it("is told to the host and the co-host, first what happened, and to nobody else", () => {
    expect([shown(model(anna)), shown(model(lotta))]).toEqual([said, said]);
    expect(consentWords(said, "phone")[0]).toBe("Samtycke saknas, så ingen mer kan släppas in.");
    expect(shown(model(karin))).toBe("");
    expect(shown(model(anna, { consent: "" }))).toBe("");
  });

  it("names nobody on the screen that everybody in the home sees", () => {
    expect(shown(model(anna, { layout: "kiosk" }))).toBe("Samtycke saknas, så ingen mer kan släppas in. På mötets sida ser du vems.");
  });

  it.each([["desk", said], ["kiosk", "Samtycke saknas, så ingen mer kan släppas in. På mötets sida ser du vems."]] as const)(
    "is told on the %s to one who lets somebody in all the same", async (layout, words) => {
      let now = model(anna, { layout });
      const refused = { admitAll: async () => Promise.reject(new Problem(409, "consent-missing", "Samtycke saknas", said)) };
      const around = { client: refused as unknown as MeetingClient, model: () => now, set: (changes: Partial<Model>) => void (now = { ...now, ...changes }) };
      new Leading({ ...around, leaveNow: () => undefined, closePanel: () => undefined, goInUnencrypted: () => undefined }).admitAll();
      await new Promise((resolve) => setTimeout(resolve));
      expect(now.notice).toBe(words);
    },
  );

  it("is shown whole where it is one sentence", () => {
    expect(consentWords("Samtycke saknas.", "desk")).toEqual(["Samtycke saknas.", ""]);
  });

  it("is told as it was last, in whatever order the answers come", async () => {
    const answers: { give: (consent: string) => void; fail: () => void }[] = [];
    const told: string[] = [];
    const question = (): Promise<string> => new Promise((give, fail) => answers.push({ give, fail }));
    const questions = new ConsentQuestions(question, (consent) => told.push(consent));
    vi.useFakeTimers();
    const asked = [questions.ask(), questions.ask()];
    answers[1]?.give("");
    answers[0]?.give(said);
    await vi.runAllTimersAsync();
    await Promise.all(asked);
    expect([told, answers.length]).toEqual([[""], 2]);
  });

  it("is asked for again until there is an answer, but not for ever", async () => {
    vi.useFakeTimers();
    const told: string[] = [];
    const question = vi.fn(async () => said).mockRejectedValueOnce(new Problem(0, "network", "", "")).mockRejectedValueOnce(new Problem(503, "unavailable", "", ""));
    const questions = new ConsentQuestions(question, (consent) => told.push(consent));
    void questions.ask();
    await vi.advanceTimersByTimeAsync(2000);
    expect([told, question.mock.calls.length]).toEqual([[said], 3]);
    question.mockReset().mockRejectedValue(new Problem(503, "unavailable", "", ""));
    void questions.ask();
    await vi.runAllTimersAsync();
    expect([told, question.mock.calls.length]).toEqual([[said], TRIES]);
  });
});
