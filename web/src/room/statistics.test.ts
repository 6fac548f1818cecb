import { expect, it } from "vitest";
import { losses, NOTHING, totals } from "./statistics.js";

const report = (...entries: [string, Record<string, unknown>][]) => new Map(entries);

it("adds up what was sent, received and lost, each entry once", () => {
  const sender = report(["o", { type: "outbound-rtp", packetsSent: 100 }], ["r", { type: "remote-inbound-rtp", packetsLost: 5, roundTripTime: 0.2 }]);
  const receiver = report(["i", { type: "inbound-rtp", packetsReceived: 90, packetsLost: 10 }], ["c", { type: "codec" }]);
  expect(totals([sender, receiver, sender])).toEqual({ sent: 100, lostUp: 5, received: 90, lostDown: 10, roundTrip: 0.2 });
});

it("ignores negative losses and what is no number", () => {
  expect(totals([report(["i", { type: "inbound-rtp", packetsReceived: "x", packetsLost: -3 }])])).toEqual({ ...NOTHING });
});

it("tells shares between two readings, and nothing of too few packets", () => {
  const before = { sent: 100, lostUp: 0, received: 100, lostDown: 0, roundTrip: null };
  expect(losses(before, { ...before, sent: 200, lostUp: 10, received: 180, lostDown: 20 })).toEqual({ lossUp: 0.1, lossDown: 0.2 });
  expect(losses(before, { ...before, sent: 110 })).toEqual({ lossUp: null, lossDown: null });
});
