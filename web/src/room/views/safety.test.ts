import { expect, it } from "vitest";
import { STARTING, type Safety } from "../encryption/encryption.js";
import { firstModel, type Acts, type Model } from "../model.js";
import { safetyNews } from "../news.js";
import { h, View } from "../view.js";
import { safetyBody, safetyLine } from "./safety.js";

const ON: Safety = { mode: "on", code: "482913", without: [], unsure: [] };
const OFF: Safety = { ...ON, mode: "off", code: "", without: [{ name: "Karin Edlund", allowedBy: "Anna Sjödin" }] };

function drawn(safety: Safety): { line: string; body: string } {
  const page = { meeting: "m", kiosk: false, home: false, phone: "", start: "", vouching_key: "", encryption_worker: "", state: null };
  const model: Model = { ...firstModel(page, "desk", new Date(0)), safety };
  const root = document.createElement("div");
  const texts = [safetyLine(model, {} as Acts), h("div", null, safetyBody(model))].map((branch) => {
    new View(root).draw(branch);
    return root.textContent ?? "";
  });
  return { line: texts[0] ?? "", body: texts[1] ?? "" };
}

it("shows the code in two breaths, and says what it is for", () => {
  const { line, body } = drawn(ON);
  expect(line).toBe("Krypterat hela vägen, spelas inte inKod 482 913");
  expect(body).toContain("482 913");
  expect(body).toContain("Läs upp siffrorna för varandra.");
});

it("says nothing of the whole way before it is so", () => {
  expect(drawn(STARTING).line).toBe("Krypterad förbindelse, spelas inte in");
});

it("says who takes part without, and who allowed it", () => {
  const { line, body } = drawn(OFF);
  expect(line).toBe("Krypterad förbindelse, spelas inte in");
  expect(body).toContain("Karin Edlund har en webbläsare som inte kan. Anna Sjödin har bestämt att mötet hålls ändå.");
  expect(body).not.toContain("Läs upp");
});

it("warns where the code does not match, and of a key nobody vouches for", () => {
  const { line, body } = drawn({ ...ON, code: null, unsure: ["Nils Forsberg"] });
  expect(line).toContain("Koden stämmer inte");
  expect(body).toContain("Säg inget hemligt i mötet.");
  expect(body).toContain("Vi kan inte bekräfta nyckeln för Nils Forsberg.");
});

it("tells what changes for those who cannot see it, and keeps still about a new code", () => {
  expect(safetyNews(ON, OFF)).toHaveLength(1);
  expect(safetyNews(OFF, ON)).toHaveLength(1);
  expect(safetyNews(ON, { ...ON, code: null })).toHaveLength(1);
  expect(safetyNews(ON, { ...ON, code: "111111" })).toEqual([]);
  expect(safetyNews(STARTING, ON)).toEqual([]);
});
