import { describe, expect, it, vi } from "vitest";

/** A page with these texts in it. */
async function page(embedded?: object): Promise<typeof import("./texts")> {
  document.body.innerHTML = embedded ? `<script type="application/json" id="texts">${JSON.stringify(embedded)}</script>` : "";
  vi.resetModules();
  return import("./texts");
}

describe("texts", () => {
  it("is Swedish where nothing is embedded", async () => {
    const { language, ngettext, t } = await page();
    expect(t("Hej %(name)s", { name: "Karin" })).toBe("Hej Karin");
    expect(language()).toBe("sv");
    expect(ngettext("%(num)s väntar", "%(num)s väntar nu", 2)).toBe("2 väntar nu");
  });

  it("translates and fills in", async () => {
    const { ngettext, t } = await page({ lang: "en", messages: { "Hej %(name)s": "Hello %(name)s", "%(num)s minut": ["%(num)s minute", "%(num)s minutes"] } });
    expect(t("Hej %(name)s", { name: "Karin" })).toBe("Hello Karin");
    expect(ngettext("%(num)s minut", "%(num)s minuter", 1)).toBe("1 minute");
    expect(ngettext("%(num)s minut", "%(num)s minuter", 5)).toBe("5 minutes");
  });

  it("leaves a place without a value as it is", async () => {
    const { t } = await page();
    expect(t("Hej %(name)s")).toBe("Hej %(name)s");
  });
});
