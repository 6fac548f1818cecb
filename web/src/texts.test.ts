import { beforeEach, describe, expect, it } from "vitest";
import { forgetTexts, language, ngettext, t } from "./texts";

function embed(value: unknown): void {
  document.body.innerHTML = `<script type="application/json" id="texts">${JSON.stringify(value)}</script>`;
  forgetTexts();
}

describe("texts", () => {
  beforeEach(() => {
    document.body.innerHTML = "";
    forgetTexts();
  });

  it("is Swedish where nothing is embedded", () => {
    expect(t("Hej %(name)s", { name: "Karin" })).toBe("Hej Karin");
    expect(language()).toBe("sv");
    expect(ngettext("%(num)s väntar", "%(num)s väntar nu", 2)).toBe("2 väntar nu");
  });

  it("translates and fills in", () => {
    embed({ lang: "en", messages: { "Hej %(name)s": "Hello %(name)s", "%(num)s minut": ["%(num)s minute", "%(num)s minutes"] } });
    expect(t("Hej %(name)s", { name: "Karin" })).toBe("Hello Karin");
    expect(ngettext("%(num)s minut", "%(num)s minuter", 1)).toBe("1 minute");
    expect(ngettext("%(num)s minut", "%(num)s minuter", 5)).toBe("5 minutes");
  });

  it("leaves a place without a value as it is", () => {
    expect(t("Hej %(name)s")).toBe("Hej %(name)s");
  });
});
