import { describe, expect, it } from "vitest";
import { firstModel, type Acts, type Layout, type Model, type PageData } from "../model.js";
import { tilesOf } from "../people.js";
import { anna, karin, leila, person, state } from "../state.sample.js";
import { View } from "../view.js";
import { roomView } from "./layouts.js";

const acts = new Proxy({}, { get: () => () => 0 }) as Acts;
const oskar = person("oskar", "Oskar Lind", { party: "region", role: "Sjuksköterska", method: "sms" });

function drawn(layout: Layout): HTMLElement {
  const page: PageData = { meeting: "m", kiosk: layout === "kiosk", home: false, phone: "", start: "/", vouching_key: "", encryption_worker: "", state: null };
  const who = layout === "kiosk" ? anna : karin;
  const now = state(who, [anna, leila, karin, oskar]);
  const model: Model = { ...firstModel(page, layout, new Date("2026-11-24T09:10:00Z")), screen: "room", state: now, tiles: tilesOf(now, [], { picture: null, microphone: true }, new Set()) };
  const root = document.createElement("div");
  new View(root).draw(roomView(model, acts));
  return root;
}

describe.each(["desk", "phone", "kiosk"] as const)("how people were identified, on the %s", (layout) => {
  const root = drawn(layout);
  const tiles = [...root.querySelectorAll<HTMLElement>("figure.tile, .kseat")];
  const of = (name: string): string => tiles.find((one) => one.textContent.includes(name))?.textContent ?? "";

  it("stands on every tile", () => {
    expect(tiles).toHaveLength(4);
    for (const tile of tiles) expect(tile.querySelectorAll(".badge, .nameplate__id")).toHaveLength(1);
  });

  it("is a whole sentence to a screen reader and one word to the eye", () => {
    expect(of("Leila")).toContain("Identifierad med BankID");
    if (layout !== "kiosk") expect(root.querySelector(".badge > span[aria-hidden=true]")?.textContent).toContain("BankID");
  });

  it("names the one identified on the home's seat", () => {
    expect(of(layout === "kiosk" ? "Här hemma" : "Gunnar")).toContain("Anna Sjödin är identifierad med BankID");
  });

  it("frames the one who is not", () => {
    const weak = root.querySelectorAll(".badge--noid");
    expect([...weak].map((one) => one.textContent)).toEqual(["Ej e-legitimerad"]);
  });
});
