import { describe, expect, it } from "vitest";
import { firstModel, type Acts, type PageData } from "../model.js";
import { View } from "../view.js";
import { endView } from "./endings.js";

const acts = new Proxy({}, { get: () => () => 0 }) as Acts;

describe("a login that ended in the meeting", () => {
  it.each([
    ["the travel laptop", true, "/login?next=/kiosk/meetings/m"],
    ["an invited person", false, "/?ended"],
  ])("leads to where one identifies, and nowhere else: %s", (_, kiosk, start) => {
    const page: PageData = { meeting: "m", kiosk, home: kiosk, phone: "", start, vouching_key: "", encryption_worker: "", state: null };
    const root = document.createElement("div");
    new View(root).draw(endView({ ...firstModel(page, kiosk ? "kiosk" : "desk", new Date()), screen: "end", ending: "unidentified" }, acts));
    expect([...root.querySelectorAll("a, button")].map((one) => [one.getAttribute("href"), one.textContent])).toEqual([[start, "Visa vem du är"]]);
    expect(root.textContent).not.toContain("länk"); // the nurse has none, and the next page tells the others
  });
});
