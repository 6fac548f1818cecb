import { describe, expect, it } from "vitest";
import type { Participant } from "../../meeting.js";
import { firstModel, type Acts, type Layout, type PageData } from "../model.js";
import { tilesOf } from "../people.js";
import { anna, karin, person, state } from "../state.sample.js";
import { View } from "../view.js";
import { roomView } from "./layouts.js";

const tomas = person("tomas", "Tomas Edlund", { party: "home", relation: "Son", method: "sms", unrecognised: true });

function drawn(layout: Layout, who: Participant, people: readonly Participant[]): { root: HTMLElement; asked: unknown[][] } {
  const asked: unknown[][] = [];
  const acts = new Proxy({}, { get: (_, name) => (...given: unknown[]) => void asked.push([name, ...given]) }) as Acts;
  const page: PageData = { meeting: "m", kiosk: layout === "kiosk", home: false, phone: "", start: "/", vouching_key: "", encryption_worker: "", state: null };
  const now = state(who, people);
  const root = document.createElement("div");
  new View(root).draw(roomView({ ...firstModel(page, layout, new Date("2026-11-24T09:10:00Z")), screen: "room", state: now, tiles: tilesOf(now, [], { picture: null, microphone: true }, new Set()) }, acts));
  return { root, asked };
}

const button = (root: HTMLElement, words: string): HTMLElement | undefined => [...root.querySelectorAll("button")].find((one) => one.textContent.includes(words));

describe.each(["desk", "phone", "kiosk"] as const)("one who came by a code, on the %s", (layout) => {
  it("is asked about where somebody leads, and each answer does what it says", () => {
    const { root, asked } = drawn(layout, anna, [anna, karin, tomas]);
    expect(root.textContent).toContain("Ser du att det är Tomas Edlund?");
    button(root, "Ja, det är Tomas")?.click();
    button(root, "Nej, ta bort")?.click();
    expect(asked.filter(([name]) => name === "recognise" || name === "ask")).toEqual([
      ["recognise", "tomas"],
      ["ask", { about: "remove", participant: "tomas", name: "Tomas Edlund" }],
    ]);
  });

  it("is asked about by nobody else, nor when it is answered", () => {
    expect(drawn(layout, karin, [anna, karin, tomas]).root.textContent).not.toContain("Ser du att det är");
    const { root } = drawn(layout, anna, [anna, karin, { ...tomas, unrecognised: false }]);
    expect(root.textContent).not.toContain("Ser du att det är");
    expect(root.textContent).toContain("Ej e-legitimerad");
  });

  it("is told what is waited for", () => {
    expect(drawn(layout, tomas, [anna, tomas]).root.textContent).toContain("Den som leder mötet behöver se att det är du.");
  });
});
