import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { check, living, once, watch } from "./signed_in";

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

describe("a page of somebody logged in", () => {
  it.each([true, null])("stays while the login stands or nobody answers (%s)", async (told) => {
    const leave = vi.fn();
    await check(document, { living: async () => told, leave });
    expect([document.body.hidden, leave.mock.calls.length]).toEqual([false, 0]);
  });

  it("is cleared at once when the login has ended", async () => {
    const leave = vi.fn();
    await check(document, { living: async () => false, leave });
    expect([document.body.hidden, leave.mock.calls.length]).toEqual([true, 1]);
  });

  it("asks again and again, and when it comes into view", async () => {
    vi.useFakeTimers();
    const asked = vi.fn(async () => true);
    watch(1000, { living: asked, leave: vi.fn() });
    await vi.advanceTimersByTimeAsync(2500);
    expect(asked).toHaveBeenCalledTimes(2);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it.each([
    ['{"living": false}', 200, false], ['{"living": true}', 200, true], ["{}", 200, null], ["busy", 503, null], ["<html>", 200, null],
  ])("reads %s (%i) as %s", async (body, status, told) => {
    vi.stubGlobal("fetch", async () => new Response(body, { status }));
    expect(await living()).toBe(told);
  });
});
