import { expect, it } from "vitest";
import { choose, NOBODY, TURN_AFTER } from "./speaker.js";

const people = (...speaking: string[]) => ["a", "b", "c"].map((identity) => ({ identity, speaking: speaking.includes(identity) })).sort((x, y) => Number(y.speaking) - Number(x.speaking));

it("shows the first there is, and whoever speaks first at once", () => {
  expect(choose(NOBODY, people(), 0).shown).toBe("a");
  expect(choose(NOBODY, people("c"), 0).shown).toBe("c");
  expect(choose(NOBODY, [], 0).shown).toBeNull();
});

it("turns only to one who goes on speaking", () => {
  let choice = choose(NOBODY, people("a"), 0);
  choice = choose(choice, people("b"), 100);
  expect(choice.shown).toBe("a");
  expect(choose(choice, people(), 400)).toEqual({ shown: "a", coming: null });
  expect(choose(choice, people("b"), 100 + TURN_AFTER).shown).toBe("b");
});

it("stays with the one shown while they speak too", () => {
  const choice = choose(NOBODY, people("a"), 0);
  expect(choose(choice, people("b", "a"), 5000)).toEqual({ shown: "a", coming: null });
});

it("leaves one who is gone", () => {
  const choice = choose(NOBODY, people("a"), 0);
  expect(choose(choice, people("b").filter((one) => one.identity !== "a"), 10).shown).toBe("b");
});
