import { describe, expect, it } from "vitest";
import { after, BAD_FOR, FRESH, GOOD_FOR, isBad, sending, type Look, type Network } from "./network.js";

const GOOD: Look = { at: 0, quality: "excellent", lossUp: 0, lossDown: 0, roundTrip: 0.05 };
const BAD: Look = { ...GOOD, quality: "poor", lossUp: 0.2, lossDown: 0.1 };

/** Looks every other second from `from` on, for `seconds`. */
function watch(network: Network, look: Look, from: number, seconds: number): Network {
  for (let at = from; at <= from + seconds; at += 2) network = after(network, { ...look, at });
  return network;
}

describe("a weak network", () => {
  it("changes nothing for a moment's loss", () => {
    let network = watch(FRESH, BAD, 0, 2);
    network = watch(network, GOOD, 4, 20);
    expect(network.step).toBe(0);
  });

  it("gives up the own picture before anybody else's, and never the sound", () => {
    const steps: number[] = [];
    let network = FRESH;
    for (let at = 0; at < 60; at += 2) {
      network = after(network, { ...BAD, at });
      if (steps.at(-1) !== network.step) steps.push(network.step);
    }
    expect(steps).toEqual([0, 1, 2, 3, 4]);
    expect(sending(1)).toEqual({ picture: "small", others: "full" });
    expect(sending(2)).toEqual({ picture: "none", others: "full" });
    expect(sending(3)).toEqual({ picture: "none", others: "small" });
    expect(sending(4)).toEqual({ picture: "none", others: "none" });
    expect(network.words).toBe("weak");
  });

  it("lessens the others' pictures at once where only the way down is bad", () => {
    expect(watch(FRESH, { ...GOOD, lossDown: 0.3 }, 0, BAD_FOR + 2).step).toBe(3);
  });

  it("comes back by itself, one step at a time", () => {
    let network = watch(FRESH, BAD, 0, BAD_FOR + 1);
    expect(network.step).toBe(1);
    network = watch(network, GOOD, 10, GOOD_FOR - 4);
    expect(network.step).toBe(1);
    network = watch(network, GOOD, 10 + GOOD_FOR, 4);
    expect(network).toMatchObject({ step: 0, words: "good" });
  });

  it("waits longer when coming back did not last", () => {
    let network = watch(FRESH, BAD, 0, BAD_FOR + 1);
    network = watch(network, GOOD, 8, GOOD_FOR + 4);
    expect(network.step).toBe(0);
    network = watch(network, BAD, 30, BAD_FOR + 1);
    expect(network.step).toBe(1);
    expect(network.patience).toBe(2 * GOOD_FOR);
  });

  it("says lost when the server says so", () => {
    expect(after(FRESH, { ...GOOD, quality: "lost" }).words).toBe("lost");
    expect(isBad({ ...GOOD, roundTrip: 2 })).toBe(true);
    expect(isBad({ ...GOOD, quality: "unknown", lossUp: null, lossDown: null, roundTrip: null })).toBe(false);
  });
});
