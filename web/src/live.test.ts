import { afterEach, describe, expect, it, vi } from "vitest";
import { keepTrue, takeOver } from "./live";

function page(html: string): Document {
  return new DOMParser().parseFromString(`<!doctype html><body>${html}</body>`, "text/html");
}

describe("taking over what is new", () => {
  it("changes marked parts alone", () => {
    const old = page('<p data-live="when">om 9 minuter</p><p>kvar</p>');
    expect(takeOver(old, page('<p data-live="when">om 8 minuter</p><p>annat</p>'))).toEqual(["when"]);
    expect(old.body.textContent).toBe("om 8 minuterkvar");
  });

  it("leaves what is the same alone", () => {
    const old = page('<p data-live="when">nu</p>');
    const part = old.querySelector("p");
    expect(takeOver(old, page('<p data-live="when">nu</p>'))).toEqual([]);
    expect(old.querySelector("p")).toBe(part);
  });

  it("does not take the place from somebody who is working there", () => {
    document.body.innerHTML = '<div data-live="form"><input id="name" value="Kar"></div>';
    document.getElementById("name")?.focus();
    expect(takeOver(document, page('<div data-live="form"><input id="name"></div>'))).toEqual([]);
  });

  it.each([
    ["typed and not sent", '<textarea></textarea>', "Nej"],
    ["sent and not accepted", '<span class="nhsuk-error-message">Skriv varför.</span><textarea></textarea>', ""],
    ["neither", '<textarea></textarea>', null],
  ])("of what is %s nothing is taken away", (_, html, value) => {
    const old = page(`<div data-live="consent">${html}</div>`);
    const field = old.querySelector("textarea") as HTMLTextAreaElement;
    if (value) field.value = value;
    expect(takeOver(old, page('<div data-live="consent">Alla har sagt ja</div>'))).toEqual(value === null ? ["consent"] : []);
  });
});

describe("a page that stands open", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it.each([["where the form it answers was sent", undefined, "/"], ["where it is got", "/meetings/m", "/meetings/m"]])(
    "asks %s", async (_, here, asked) => {
      vi.useFakeTimers();
      const fetched = vi.fn(async (_address: string) => new Response('<p data-live="when">nu</p>'));
      vi.stubGlobal("fetch", fetched);
      document.body.innerHTML = '<p data-live="when">snart</p>';
      if (here) document.body.dataset["here"] = here;
      keepTrue({ every: 1000, untouched: 60_000 });
      await vi.advanceTimersByTimeAsync(1500);
      delete document.body.dataset["here"];
      expect(fetched.mock.calls[0]?.[0]).toBe(asked);
    });

  it("asks for itself again and again, but not while it is taken out because the login has ended", async () => {
    vi.useFakeTimers();
    const asked = vi.fn(async () => new Response('<p data-live="when">om 8 minuter</p>'));
    vi.stubGlobal("fetch", asked);
    document.body.innerHTML = '<p data-live="when">om 9 minuter</p>';
    keepTrue({ every: 1000, untouched: 60_000 });
    await vi.advanceTimersByTimeAsync(2500);
    expect([asked.mock.calls.length, document.body.textContent]).toEqual([2, "om 8 minuter"]);
    const nodes = [...document.body.childNodes];
    document.body.replaceChildren("Du är inte inloggad längre");
    await vi.advanceTimersByTimeAsync(3000);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(asked).toHaveBeenCalledTimes(2);
    document.body.replaceChildren(...nodes);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveBeenCalledTimes(3);
  });
});
