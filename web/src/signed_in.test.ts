import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { extend, living, once, PATIENCE, watch } from "./signed_in";

beforeEach(() => {
  document.body.innerHTML = "<p>Gunnars planeringsmöte</p>";
  document.body.hidden = false;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a form", () => {
  it("is sent once, and again when no answer has come", () => {
    vi.useFakeTimers();
    const page = document.implementation.createHTMLDocument();
    page.body.innerHTML = "<form></form><form></form>";
    once(page);
    const [first, second] = page.querySelectorAll("form");
    const goes = (form: HTMLFormElement | undefined) => form?.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true }));
    expect([goes(first), goes(first), goes(second)]).toEqual([true, false, true]);
    window.dispatchEvent(new Event("pageshow"));
    expect([goes(first), goes(first)]).toEqual([true, false]);
    vi.advanceTimersByTime(11_000);
    expect(goes(first)).toBe(true);
  });
});

const yes = '{"living": true, "person": "anna", "staff": "nurse", "assurance_level": 3, "idle_seconds": 1740, "absolute_seconds": 40000}';
const over = { living: false, person: "", staff: null, level: 0, idle: 0, absolute: 0 };

describe("a page of somebody logged in", () => {
  it("asks at once, again and again, when it comes into view, and when another tab has extended", async () => {
    vi.useFakeTimers();
    document.body.innerHTML = '<template id="ended" data-person="anna" data-staff="nurse" data-level="3"></template>';
    let told: (() => void) | undefined;
    vi.stubGlobal("BroadcastChannel", class {
      addEventListener = (_: string, run: () => void): void => void (told = run);
    });
    const asked = vi.fn(async () => new Response(yes));
    vi.stubGlobal("fetch", asked);
    watch(1000, vi.fn());
    await vi.advanceTimersByTimeAsync(2500);
    expect(asked).toHaveBeenCalledTimes(3);
    document.dispatchEvent(new Event("visibilitychange"));
    told?.();
    expect(asked).toHaveBeenCalledTimes(5);
    expect(new Set(asked.mock.calls.flat().filter((one) => typeof one === "string"))).toEqual(new Set(["/auth/session/living"]));
  });

  it.each([
    ['{"living": false}', 200, over], [yes, 200, { living: true, person: "anna", staff: "nurse", level: 3, idle: 1740, absolute: 40000 }], ['{"living": true}', 200, null], [yes.replace('"nurse"', "7"), 200, null],
    ["{}", 200, null], ["busy", 503, null], ["<html>", 200, null], ["{}", 401, over],
  ])("reads %s (%i)", async (body, status, told) => {
    vi.stubGlobal("fetch", async () => new Response(body, { status }));
    expect(await living()).toEqual(told);
  });

  it("extends by a request of our own page's", async () => {
    const sent = vi.fn(async (_: string, __: RequestInit) => new Response(yes));
    vi.stubGlobal("fetch", sent);
    expect((await extend())?.idle).toBe(1740);
    expect([sent.mock.calls[0]?.[0], sent.mock.calls[0]?.[1].method]).toEqual(["/auth/session/extend", "POST"]);
  });

  it("hears of no network", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("failed")));
    expect(await living()).toBeNull();
  });

  it.each(["before the answer begins", "in the middle of the answer"])("takes one that swallows everything for none, %s", async (when) => {
    vi.useFakeTimers();
    const never = (signal: AbortSignal): Promise<never> => new Promise((_, fail) => signal.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError"))));
    vi.stubGlobal("fetch", async (_: string, { signal }: { signal: AbortSignal }) => (when.startsWith("before") ? never(signal) : { ok: true, status: 200, json: () => never(signal) }));
    let told: unknown = "waiting";
    void living().then((answer) => (told = answer));
    await vi.advanceTimersByTimeAsync(PATIENCE - 1);
    expect(told).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect([told, vi.getTimerCount()]).toEqual([null, 0]);
  });
});
