import { describe, expect, it } from "vitest";
import { Problem } from "../client.js";
import { endingOf, endingOfProblem, nextStep } from "./flow.js";
import { anna, karin, state } from "./state.sample.js";

describe("the next step", () => {
  const guest = (me: object, meeting: object = {}) => state(karin, [], { me, meeting });

  it("takes a guest to the waiting room, before the devices are ready", () => {
    expect(nextStep(guest({ state: "none" }), false)).toBe("knock");
    expect(nextStep(guest({ state: "left" }), true)).toBe("knock");
  });

  it("lets them wait, as long as it takes", () => {
    expect(nextStep(guest({ state: "waiting" }), true)).toBe("wait");
    expect(nextStep(guest({ state: "waiting" }, { status: "planned" }), true)).toBe("wait");
  });

  it("goes in when let in, but not before the devices are ready", () => {
    expect(nextStep(guest({ state: "admitted" }), false)).toBe("wait");
    expect(nextStep(guest({ state: "admitted" }), true)).toBe("enter");
    expect(nextStep(guest({ state: "in_room" }), true)).toBe("enter");
  });

  it("waits for the waiting room to open", () => {
    expect(nextStep(guest({ state: "none" }, { status: "planned", waiting_room_open: false }), true)).toBe("wait-for-opening");
  });

  it("lets who leads start, then go in", () => {
    const host = (meeting: object) => state(anna, [anna], { meeting });
    expect(nextStep(host({ status: "planned", may_start_now: true }), false)).toBe("wait");
    expect(nextStep(host({ status: "planned", may_start_now: true }), true)).toBe("start");
    expect(nextStep(host({ status: "planned", may_start_now: false }), true)).toBe("wait-for-opening");
    expect(nextStep(host({ status: "open" }), true)).toBe("enter");
  });
});

describe("the end", () => {
  it("is told by the state", () => {
    expect(endingOf(state(karin, [], { meeting: { status: "ended" } }), true)).toBe("ended");
    expect(endingOf(state(karin, [], { meeting: { status: "cancelled" } }), false)).toBe("cancelled");
    expect(endingOf(state(karin, [], { me: { state: "removed" } }), true)).toBe("removed");
    expect(endingOf(state(karin, [], { me: { state: "denied" } }), true)).toBe("denied");
    expect(endingOf(state(karin, []), true)).toBeNull();
  });

  it("is another device only for a page that had come in", () => {
    const elsewhere = state(karin, [], { me: { this_device: false } });
    expect(endingOf(elsewhere, true)).toBe("elsewhere");
    expect(endingOf(elsewhere, false)).toBeNull();
  });

  it.each([
    [403, "removed", "removed"], [403, "denied", "denied"], [410, "meeting-ended", "ended"], [410, "meeting-cancelled", "cancelled"], [404, "meeting-unknown", "unknown"],
    [401, "unidentified", "unidentified"], [404, "not-found", "unknown"], [403, "not-allowed", "refused"], [409, "room-full", null], [503, "audit-unavailable", null], [0, "network", null], [429, "slow-down", null],
  ])("of %i %s is %s", (status, code, ending) => {
    expect(endingOfProblem(new Problem(status, code, "", ""))).toBe(ending);
  });
});
