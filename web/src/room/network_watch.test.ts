import { describe, expect, it, vi } from "vitest";
import { BAD_FOR, GOOD_FOR, type Quality } from "./network.js";
import { NetworkWatch, type Line } from "./network_watch.js";

const LOOK = 2;

function house() {
  let now = 100;
  let quality: Quality = "good";
  const line = { look: vi.fn(async () => ({ quality, lossUp: 0, lossDown: 0, roundTrip: 0.05 })), spare: vi.fn() };
  let session: Line | null = line as unknown as Line;
  const changed = vi.fn();
  const sparePicture = vi.fn();
  const watch = new NetworkWatch(() => session, changed, sparePicture, () => now);
  return {
    line, changed, sparePicture, watch,
    become: (next: Quality) => void (quality = next),
    lose: () => void (session = null),
    pass: async (seconds: number) => {
      for (let at = 0; at < seconds; at += LOOK) {
        now += LOOK;
        await watch.look();
      }
    },
  };
}

describe("the watch over the line", () => {
  it("gives up our own picture in two steps, and never touches the sound", async () => {
    const { watch, become, pass, line, sparePicture } = house();
    become("poor");
    await pass(BAD_FOR + LOOK);
    expect(line.spare).toHaveBeenLastCalledWith({ picture: "small", others: "full" });
    expect(sparePicture).not.toHaveBeenCalled();
    expect(watch.weak).toBe(false);
    await pass(BAD_FOR + LOOK);
    expect(line.spare).toHaveBeenLastCalledWith({ picture: "none", others: "full" });
    expect(sparePicture).toHaveBeenCalledExactlyOnceWith(true);
    expect(watch.weak).toBe(true);
  });

  it("takes the picture back when the line has been good for a while", async () => {
    const { watch, become, pass, sparePicture } = house();
    become("poor");
    await pass(2 * (BAD_FOR + 2 * LOOK));
    become("excellent");
    await pass(2 * GOOD_FOR + 2 * LOOK);
    expect(sparePicture).toHaveBeenLastCalledWith(false);
    expect(watch.weak).toBe(false);
  });

  it("hopes for the best again where the person does", async () => {
    const { watch, become, pass, changed } = house();
    become("poor");
    await pass(3 * (BAD_FOR + LOOK));
    watch.begin();
    expect(watch.weak).toBe(false);
    expect(changed).toHaveBeenLastCalledWith(expect.objectContaining({ step: 0, words: "good" }));
  });

  it("says nothing of a session that went while it looked, and looks once at a time", async () => {
    const { watch, lose, line, changed } = house();
    let answer = (): void => undefined;
    line.look.mockImplementationOnce(() => new Promise((resolve) => (answer = () => resolve({ quality: "lost", lossUp: 0, lossDown: 0, roundTrip: 0 }))));
    const first = watch.look();
    await watch.look();
    expect(line.look).toHaveBeenCalledOnce();
    lose();
    answer();
    await first;
    expect(changed).not.toHaveBeenCalled();
  });
});
