import { expect, it } from "vitest";
import { Devices, deviceStateOf } from "./devices.js";
import { loudness } from "./sound.js";

const failure = (name: string): Error => Object.assign(new Error("x"), { name });

it.each([["NotAllowedError", "denied"], ["NotFoundError", "missing"], ["OverconstrainedError", "missing"], ["NotReadableError", "busy"], ["TypeError", "failed"]])("calls %s %s", (name, state) => {
  expect(deviceStateOf(failure(name))).toBe(state);
});

it("says that devices are missing where the browser has none to give", async () => {
  let changes = 0;
  const devices = new Devices(() => (changes += 1), undefined);
  await devices.open();
  expect([devices.microphoneState, devices.cameraState]).toEqual(["missing", "missing"]);
  expect(devices.tracks).toEqual([]);
  expect(changes).toBeGreaterThan(0);
});

it("hears silence as nothing and a loud voice as all", () => {
  expect(loudness(new Float32Array(100))).toBe(0);
  expect(loudness(new Float32Array(100).fill(0.5))).toBe(1);
  expect(loudness(new Float32Array(100).fill(0.01))).toBeGreaterThan(0.3);
});
