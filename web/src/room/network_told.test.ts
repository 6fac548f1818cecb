import { expect, it, vi } from "vitest";
import { NetworkTold, TELL_EVERY } from "./network_told.js";

function house() {
  let now = 0;
  const tell = vi.fn(async (weak: boolean) => weak);
  return { tell, told: new NetworkTold(tell, () => now), pass: (seconds: number) => void (now += seconds) };
}

it("tells changes, and nothing else", async () => {
  const { tell, told, pass } = house();
  for (const weak of [false, true, true, false, false]) {
    await told.look(weak);
    pass(TELL_EVERY);
  }
  expect(tell.mock.calls).toEqual([[true], [false]]);
});

it("tells at most every ten seconds, and then what holds", async () => {
  const { tell, told, pass } = house();
  for (let second = 0; second < 12; second += 2) {
    await told.look(second % 4 === 0);
    pass(2);
  }
  expect(tell.mock.calls).toEqual([[true], [false]]);
});

it("tries again where it did not arrive or came too soon for the server", async () => {
  const { tell, told, pass } = house();
  tell.mockRejectedValueOnce(new Error("no line"));
  await told.look(true);
  pass(TELL_EVERY);
  tell.mockResolvedValueOnce(false);
  await told.look(true);
  pass(TELL_EVERY);
  await told.look(true);
  pass(TELL_EVERY);
  await told.look(true);
  expect(tell).toHaveBeenCalledTimes(3);
});

it("begins a new stay as good, and tells one thing at a time", async () => {
  const { tell, told, pass } = house();
  await told.look(true);
  told.begin();
  pass(TELL_EVERY);
  let answer = (): void => undefined;
  tell.mockImplementationOnce((weak) => new Promise((resolve) => (answer = () => resolve(weak))));
  const first = told.look(true);
  pass(TELL_EVERY);
  await told.look(true);
  answer();
  await first;
  expect(tell).toHaveBeenCalledTimes(2);
});
