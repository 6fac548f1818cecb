import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aged, clock, IDLE, KEPT, LAST, LoginEnd, SOON, stageOf, type Living } from "./login_end";

const HOUR = 3600;
const left = (idle: number, absolute = 9 * HOUR, whose: Partial<Living> = {}): Living => ({ living: true, person: "anna", staff: "nurse", level: 3, idle, absolute, ...whose });
const OVER: Living = { living: false, person: "", staff: null, level: 0, idle: 0, absolute: 0 };

describe("what there is to tell", () => {
  it.each([
    [IDLE + 1, 9 * HOUR, "quiet"], [IDLE, 9 * HOUR, "idle"], [1, 9 * HOUR, "idle"],
    [1800, SOON + 1, "quiet"], [1800, SOON, "soon"], [1800, LAST + 1, "soon"], [1800, LAST, "last"],
    [200, 400, "idle"], [100, 100, "last"], [300, 250, "soon"],
  ])("with %i s of idleness and %i s in all: %s", (idle, absolute, stage) => {
    expect(stageOf(left(idle, absolute))).toBe(stage);
  });

  it("comes two minutes before the end, and never less than twenty seconds, also where a tab is woken once a minute", () => {
    for (const warned of [IDLE, SOON, LAST]) expect(warned - 60).toBeGreaterThanOrEqual(120);
  });

  it("is known also without a network", () => {
    expect(aged(left(320), 30_000)).toEqual(left(290, 9 * HOUR - 30));
    expect(aged(left(10, 20), 60_000)).toEqual(left(0, 0));
  });

  it("is told as the pages write time, in Swedish time", () => {
    const at = Date.UTC(2026, 10, 22, 12, 5);
    expect([clock(at, "sv"), clock(at, "en")]).toEqual(["13.05", "13:05"]);
  });
});

describe("a page whose login is about to end", () => {
  let now: number;
  let answer: Living | null;
  let extended: Living | null;
  let extend: () => Promise<Living | null>;
  const tell = vi.fn();
  const leave = vi.fn();
  let end: LoginEnd;
  const dialog = (name: string): HTMLDialogElement => document.querySelector(`#ends-${name}`) as HTMLDialogElement;
  const open = (): string[] => ["idle", "last"].filter((name) => dialog(name)?.open);
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
  const press = async (what: string): Promise<void> => {
    document.querySelector<HTMLElement>(what)?.click();
    await settled();
  };

  beforeEach(() => {
    vi.clearAllMocks();
    now = Date.UTC(2026, 10, 22, 12, 0);
    answer = left(1800);
    extended = left(1800);
    extend = async () => extended;
    document.documentElement.lang = "sv";
    document.title = "Gunnars planeringsmöte – Hemmaplan";
    document.body.hidden = false;
    delete document.body.dataset["screen"];
    document.body.innerHTML = `<form><input id="field"></form>
      <dialog id="ends-idle"><time data-ends></time><p class="ends__failed" hidden></p><button data-stay></button></dialog>
      <dialog id="ends-last"><time data-ends></time><button id="understood" data-close></button></dialog>
      <div id="ends-soon"></div><template id="ends-soon-words"><p><time data-ends></time></p><button id="seen" data-close></button></template>
      <template id="ended" data-person="anna" data-staff="nurse" data-level="3" data-leave="/login?ended">
        <main><h1 tabindex="-1">Du är inte inloggad längre</h1><p data-typed></p></main></template>`;
    vi.spyOn(document, "addEventListener");
    end = new LoginEnd(document, { living: async () => answer, extend: () => extend(), tell, leave, now: () => now });
  });

  afterEach(() => {
    for (const [kind, listener, how] of vi.mocked(document.addEventListener).mock.calls) document.removeEventListener(kind, listener, how);
    vi.restoreAllMocks();
  });

  const type = (): void => {
    const field = document.querySelector<HTMLInputElement>("#field") as HTMLInputElement;
    field.focus();
    field.value = "Halva planen";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  it("says when, once, and no more when another tab has extended it", async () => {
    await end.check();
    expect(open()).toEqual([]);
    answer = left(290);
    await end.check();
    expect([open(), dialog("idle").querySelector("time")?.textContent]).toEqual([["idle"], "13.04"]);
    dialog("idle").close(); // by Escape
    answer = left(250);
    await end.check();
    expect(open()).toEqual([]);
    answer = left(1790);
    await end.check();
    answer = left(280);
    await end.check();
    expect(open()).toEqual(["idle"]);
    answer = left(1790);
    await end.check();
    expect(open()).toEqual([]);
  });

  it("takes the keys from the page beneath while it asks, and no longer", async () => {
    const shortcut = vi.fn();
    document.addEventListener("keydown", shortcut);
    const escape = (): void => void document.querySelector("#field")?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    escape();
    expect(shortcut).toHaveBeenCalledTimes(1);
    for (const told of [left(200), left(1800, LAST)]) {
      answer = told;
      await end.check();
      escape();
      expect([open().length, shortcut.mock.calls.length]).toEqual([1, 1]);
    }
    dialog("last").close();
    escape();
    expect(shortcut).toHaveBeenCalledTimes(2);
  });

  it("is extended by a press, which the other tabs hear of", async () => {
    answer = left(200);
    await end.check();
    await press("[data-stay]");
    expect([open(), tell.mock.calls.length]).toEqual([[], 1]);
  });

  it("says where the press did not arrive", async () => {
    answer = left(200);
    await end.check();
    extended = null;
    await press("[data-stay]");
    expect([open(), document.querySelector<HTMLElement>(".ends__failed")?.hidden, tell.mock.calls.length]).toEqual([["idle"], false, 0]);
  });

  it.each([
    ["an older press fails last", [1, 0], true, 1], ["an older press fails first", [0, 1], true, 1], ["an older press arrives last", [2, 0, 1], true, 1],
    ["only a look was answered", ["look", 0], false, 0],
  ] as const)("says how it went with the newest press, also where %s", async (_, order, hidden, told) => {
    const answers: ((told: Living | null) => void)[] = [];
    extend = () => new Promise((resolve) => answers.push(resolve));
    answer = left(200);
    await end.check();
    const presses = order.filter((one) => one !== "look").length;
    for (let at = 0; at < presses; at += 1) await press("[data-stay]");
    for (const at of order) {
      if (at === "look") await end.check();
      else answers[at]?.(at === 1 ? left(1800) : null);
      await settled();
    }
    expect([document.querySelector<HTMLElement>(".ends__failed")?.hidden, tell.mock.calls.length]).toEqual([hidden, told]);
  });

  it("does not believe an answer that a later one has overtaken", async () => {
    let late: (told: Living) => void = () => undefined;
    const slow = new LoginEnd(document, {
      living: () => new Promise((resolve) => (late = resolve)), extend: async () => extended, tell, leave, now: () => now,
    });
    const asking = slow.check();
    await press("[data-stay]");
    late(left(100));
    await asking;
    expect(open()).toEqual([]);
  });

  it("tells of an end that cannot be put off ten minutes before, and again", async () => {
    answer = left(1800, 600);
    await end.check();
    expect([open(), document.querySelector("#ends-soon time")?.textContent]).toEqual([[], "13.10"]);
    await press("#seen");
    now += 60_000;
    answer = left(1800, 540);
    await end.check();
    expect(document.querySelector("#ends-soon time")).toBeNull();
    answer = left(1800, 150);
    await end.check();
    expect(open()).toEqual(["last"]);
    await press("#understood");
    expect(open()).toEqual([]);
  });

  it("warns without a network too", async () => {
    answer = left(400);
    await end.check();
    answer = null;
    now += 120_000;
    await end.check();
    expect(open()).toEqual(["idle"]);
  });

  it("is cleared at once where nothing was typed", async () => {
    answer = OVER;
    await end.check();
    expect([document.body.hidden, leave.mock.calls]).toEqual([true, [["/login?ended"]]]);
  });

  it.each([true, false])("is not left to be read where the login ends without a network; typed: %s", async (typed) => {
    if (typed) type();
    answer = left(20);
    await end.check();
    answer = null;
    now += 21_000;
    await end.check();
    expect([document.querySelector("h1")?.textContent, document.querySelector("#field"), document.querySelector<HTMLElement>("[data-typed]")?.hidden]).toEqual([
      "Du är inte inloggad längre", null, !typed,
    ]);
    answer = left(1800);
    await end.check();
    expect([document.querySelector("#field") !== null, document.querySelector("h1"), leave.mock.calls.length]).toEqual([true, null, 0]);
  });

  it.each([OVER, null, left(1800, 9 * HOUR, { person: "bo" })])("warns a room alone, whose socket tells of the end: %s", async (told) => {
    document.body.dataset["screen"] = "room";
    document.querySelector("#ends-soon")?.remove();
    document.querySelector("#ends-soon-words")?.remove();
    type();
    answer = left(1800, SOON);
    await end.check();
    answer = left(1800, LAST);
    await end.check();
    expect(open()).toEqual(["last"]);
    answer = told;
    now += LAST * 1000;
    await end.check();
    expect([open(), document.querySelector("#field") !== null, document.body.hidden, leave.mock.calls.length]).toEqual([[], true, false, 0]);
    document.querySelector("form")?.classList.add("ending__facts");
    await end.check();
    expect(document.querySelector("#field") === null || document.body.hidden).toBe(true);
  });

  it("leads away once there is a network again, and the login over", async () => {
    answer = left(20);
    await end.check();
    answer = null;
    now += 21_000;
    await end.check();
    answer = OVER;
    await end.check();
    expect([document.body.hidden, leave.mock.calls.length]).toEqual([true, 1]);
  });

  it("is cleared for somebody else", async () => {
    type();
    answer = left(1800, 9 * HOUR, { person: "bo" });
    await end.check();
    expect([document.body.hidden, leave.mock.calls.length]).toEqual([true, 1]);
  });

  it.each<[string, Partial<Living>]>([["another post", { staff: "manager" }], ["no post yet", { staff: null }], ["a lower level", { level: 2 }]])(
    "is not shown in another login of the same person: in %s", async (_, whose) => {
      answer = left(1800, 9 * HOUR, whose);
      await end.check();
      expect([document.body.hidden, leave.mock.calls.length]).toEqual([true, 1]);
    });

  it("keeps what was typed in one commission while its writer works in another", async () => {
    type();
    answer = left(1800, 9 * HOUR, { staff: "manager" });
    await end.check();
    await end.check();
    expect([document.querySelector("#field"), leave.mock.calls.length]).toEqual([null, 0]);
    answer = left(1800);
    await end.check();
    expect(document.querySelector<HTMLInputElement>("#field")?.value).toBe("Halva planen");
  });

  it("goes on in a room, whatever its person chooses beside it", async () => {
    document.body.dataset["screen"] = "room";
    answer = left(200, 9 * HOUR, { staff: "manager" });
    await end.check();
    expect([document.body.hidden, open()]).toEqual([false, ["idle"]]);
  });

  it("keeps what was typed for its writer, out of the document", async () => {
    type();
    answer = left(100);
    await end.check();
    answer = OVER;
    await end.check();
    expect([document.body.textContent?.trim(), document.querySelector("#field"), document.title, leave.mock.calls.length]).toEqual([
      "Du är inte inloggad längre", null, "Du är inte inloggad längre – Hemmaplan", 0,
    ]);
    answer = null;
    await end.check();
    answer = left(1800);
    await end.check();
    expect([document.querySelector<HTMLInputElement>("#field")?.value, document.activeElement?.id, open()]).toEqual(["Halva planen", "field", []]);
    expect(document.title).toBe("Gunnars planeringsmöte – Hemmaplan");
  });

  it.each<[string, Partial<Living>, boolean]>([
    ["another post", { staff: "manager" }, false], ["no post yet", { staff: null }, false], ["a lower level", { level: 2 }, false], ["a higher level", { level: 4 }, true],
  ])("gives nothing back in another login than it was; in %s", async (_, whose, given) => {
    type();
    answer = OVER;
    await end.check();
    answer = left(1800, 9 * HOUR, whose);
    await end.check();
    expect([document.querySelector("#field") !== null, leave.mock.calls.length]).toEqual([given, 0]);
    answer = left(1800); // the post is chosen
    await end.check();
    expect(document.querySelector("#field")).not.toBeNull();
  });

  it.each(["another person", "an hour", "an hour without a network", "an hour, for the same person too"])("lets it go after %s", async (what) => {
    type();
    answer = OVER;
    await end.check();
    if (what === "another person") answer = left(1800, 9 * HOUR, { person: "bo" });
    else now += KEPT;
    if (what.endsWith("network")) answer = null;
    if (what.endsWith("too")) answer = left(1800);
    await end.check();
    expect(document.querySelector("#field")).toBeNull();
    expect([document.body.hidden, leave.mock.calls.length]).toEqual([true, 1]);
  });
});
