import { expect, it } from "vitest";
import { Announcer } from "./announcer.js";

function announcer(): { region: HTMLElement; say: (text: string) => void; pass: () => void } {
  const region = document.createElement("p");
  let due: (() => void) | undefined;
  const one = new Announcer(region, (_, run) => (due = run));
  return {
    region,
    say: (text) => one.say(text),
    pass: () => {
      const run = due;
      due = undefined;
      run?.();
    },
  };
}

it("says one sentence at a time, in order", () => {
  const { region, say, pass } = announcer();
  say("En");
  say("Två");
  expect(region.textContent).toBe("En");
  pass();
  expect(region.textContent).toBe("Två");
  pass();
  expect(region.textContent).toBe("");
  say("Tre");
  expect(region.textContent).toBe("Tre");
});

it("does not repeat itself, and drops what would be a flood", () => {
  const { region, say, pass } = announcer();
  say("0");
  say("1");
  say("1");
  for (let at = 2; at < 20; at += 1) say(String(at));
  const heard: string[] = [];
  while (region.textContent) {
    heard.push(region.textContent);
    pass();
  }
  expect(heard).toEqual(["0", "1", "2", "3", "4"]);
});
