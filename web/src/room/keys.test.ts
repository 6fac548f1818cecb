import { expect, it, vi } from "vitest";
import { shortcut } from "./keys.js";
import { firstModel, type Acts, type Model } from "./model.js";

const page = { meeting: "m", kiosk: false, home: false, phone: "", start: "/", vouching_key: "", encryption_worker: "", state: null };
const room: Model = { ...firstModel(page, "desk", new Date(0)), screen: "room" };
const press = (changes: KeyboardEventInit): KeyboardEvent => new KeyboardEvent("keydown", changes);

it("acts on Alt and a letter, in the room only, and not where switched off", () => {
  const toggleMicrophone = vi.fn();
  const acts = { toggleMicrophone } as unknown as Acts;
  const key = press({ code: "KeyM", altKey: true });
  expect(shortcut(key, room, acts)).toBe(true);
  expect(shortcut(press({ code: "KeyM" }), room, acts)).toBe(false);
  expect(shortcut(key, { ...room, keysOn: false }, acts)).toBe(false);
  expect(shortcut(key, { ...room, screen: "waiting" }, acts)).toBe(false);
  expect(shortcut(key, { ...room, question: { about: "leave" } }, acts)).toBe(false);
  expect(toggleMicrophone).toHaveBeenCalledOnce();
});

it("closes what is open with Escape, also where the letters are off", () => {
  const show = vi.fn();
  expect(shortcut(press({ key: "Escape" }), { ...room, panel: "chat", keysOn: false }, { show } as unknown as Acts)).toBe(true);
  expect(show).toHaveBeenCalledWith(null);
  expect(shortcut(press({ key: "Escape" }), room, { show } as unknown as Acts)).toBe(false);
});
