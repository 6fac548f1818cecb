import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem, type Connection, type Joined, type MeetingClient, type Shut } from "../client.js";
import type { MeetingEvent, State } from "../meeting.js";
import { BLIND_LIMIT, Entry } from "./entry.js";
import { firstModel, type Model } from "./model.js";
import type { SeatKeys } from "./encryption/seat_keys.js";
import type { Session } from "./session.js";
import { anna, karin, state } from "./state.sample.js";

const TOKEN: Joined = { kind: "token", serverUrl: "wss://x", token: "t", identity: "seat" };
const NO_LINE = new Problem(0, "network", "", "");
const settled = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0));

class House {
  model: Model;
  now = 0;
  onEvent: (event: MeetingEvent) => void = () => undefined;
  onConnection: (connection: Connection) => void = () => undefined;
  onShut: (why: Shut) => void = () => undefined;
  readonly events = { close: vi.fn(), hurry: vi.fn() };
  readonly sessions: { identity: string; connect: ReturnType<typeof vi.fn>; leave: ReturnType<typeof vi.fn> }[] = [];
  connecting: () => Promise<void> = async () => undefined;
  readonly client = {
    join: vi.fn(async (_home: boolean, _key: string | null, _unencrypted: boolean): Promise<Joined> => TOKEN),
    start: vi.fn(async () => null),
    ready: vi.fn(async () => null),
    leave: vi.fn(async () => null),
    state: vi.fn(async (): Promise<State> => this.model.state as State),
    events: (onEvent: House["onEvent"], onConnection: House["onConnection"], onShut: House["onShut"]) => {
      Object.assign(this, { onEvent, onConnection, onShut });
      return this.events;
    },
  };
  keys: SeatKeys | null = null;
  readonly said: string[] = [];
  readonly seated = vi.fn();
  readonly ended = vi.fn();
  readonly openDevices = vi.fn();
  readonly entry: Entry;

  constructor(at: State | null, page: { kiosk?: boolean; home?: boolean } = {}) {
    this.model = firstModel({ meeting: "m", kiosk: false, home: false, phone: "", start: "/", vouching_key: "", encryption_worker: "", state: at, ...page }, "desk", new Date(0));
    this.entry = new Entry({
      client: this.client as unknown as MeetingClient,
      model: () => this.model,
      set: (changes) => void (this.model = { ...this.model, ...changes }),
      announce: (sentence) => void this.said.push(sentence),
      makeKeys: async () => this.keys,
      openSession: () => {
        const session = { identity: `seat-${this.sessions.length}`, connect: vi.fn(() => this.connecting()), leave: vi.fn(async () => undefined) };
        this.sessions.push(session);
        return session as unknown as Session;
      },
      seated: this.seated,
      openDevices: this.openDevices,
      ended: this.ended,
      heard: () => undefined,
      refresh: () => undefined,
      random: () => 0.5,
      clock: () => this.now,
    });
  }

  async hear(at: State): Promise<void> {
    this.onConnection("open");
    this.onEvent({ event: "state", at: "", participant: null, state: at });
    await settled();
  }

  /** In the room, as the server sees it too. */
  async inside(at: State): Promise<void> {
    this.entry.begin();
    await this.hear(at);
    this.entry.ready();
    await settled();
    expect(this.model.screen).toBe("room");
  }
}

const guest = (me: Parameters<typeof state>[2] = {}, status: "waiting" | "in_room" | "admitted" = "waiting"): State =>
  state({ ...karin, state: status }, [], { ...me, me: { may: [], ...me?.me } });
const host = (changes: Parameters<typeof state>[2] = {}): State => state({ ...anna, home: false }, [], changes);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the way in", () => {
  it("knocks while the device check is still open, and says ready when it is done", async () => {
    const house = new House(null);
    house.client.join.mockResolvedValue({ kind: "waiting" });
    house.entry.begin();
    await house.hear(guest({ me: { state: "none" } }));
    expect(house.client.join).toHaveBeenCalledExactlyOnceWith(false, null, false);
    expect(house.model.screen).toBe("check");
    expect(house.client.ready).not.toHaveBeenCalled();
    await house.hear(guest());
    house.entry.ready();
    await settled();
    expect(house.model.screen).toBe("waiting");
    expect(house.client.ready).toHaveBeenCalledExactlyOnceWith(true);
  });

  it("goes in by itself when let in", async () => {
    const house = new House(null);
    house.entry.begin();
    await house.hear(guest());
    house.entry.ready();
    await house.hear(guest({}, "admitted"));
    expect(house.model).toMatchObject({ screen: "room", media: "on" });
    expect(house.seated).toHaveBeenCalledOnce();
  });

  it("starts the meeting for the host on the kiosk, in the home's seat, without a press", async () => {
    const house = new House(null, { kiosk: true, home: true });
    house.entry.begin();
    expect(house.model.screen).toBe("entering");
    await house.hear(host({ meeting: { status: "planned", may_start_now: true } }));
    expect(house.client.start).toHaveBeenCalledOnce();
    expect(house.client.join).toHaveBeenCalledExactlyOnceWith(true, null, false);
    expect(house.model.screen).toBe("room");
  });

  it.each([
    ["desk", "Samtycke saknas, så mötet får inte börja. Bo Berg har sagt nej."],
    ["kiosk", "Samtycke saknas, så mötet får inte börja. På mötets sida ser du vems."],
  ] as const)("says on the %s that a consent is missing, and whose only where nobody else looks on", async (layout, words) => {
    const house = new House(null, { kiosk: true, home: true });
    house.model = { ...house.model, layout };
    house.client.start.mockRejectedValue(new Problem(409, "consent-missing", "Samtycke saknas", "Samtycke saknas, så mötet får inte börja. Bo Berg har sagt nej."));
    house.entry.begin();
    await house.hear(host({ meeting: { status: "planned", may_start_now: true } }));
    expect(house.model.hindrance).toBe(words);
    house.entry.stop();
  });

  it("never gives a guest the home's seat", async () => {
    const house = new House(null, { home: true });
    await house.inside(guest({}, "admitted"));
    expect(house.client.join).toHaveBeenCalledWith(false, null, false);
  });

  it("tries again for as long as it takes, more and more seldom", async () => {
    const house = new House(null);
    house.client.join.mockRejectedValue(NO_LINE);
    house.entry.begin();
    await house.hear(host());
    house.entry.ready();
    await settled();
    expect(house.model.hindrance).toContain("Vi försöker igen hela tiden");
    await vi.advanceTimersByTimeAsync(60_000);
    const tries = house.client.join.mock.calls.length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(15);
    house.client.join.mockResolvedValue(TOKEN);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(house.model).toMatchObject({ screen: "room", hindrance: "" });
  });

  it("leaves a media room it cannot reach before it asks anew", async () => {
    const house = new House(null);
    house.connecting = async () => Promise.reject(new Error("ice"));
    house.entry.begin();
    await house.hear(host());
    house.entry.ready();
    await settled();
    expect(house.sessions[0]?.leave).toHaveBeenCalledOnce();
    house.connecting = async () => undefined;
    await vi.advanceTimersByTimeAsync(1000);
    expect(house.model.screen).toBe("room");
    expect(house.sessions).toHaveLength(2);
  });

  it.each([
    ["removed", 403, "removed"], ["meeting-ended", 410, "ended"], ["meeting-unknown", 404, "unknown"], ["not-allowed", 403, "refused"],
  ] as const)("ends at %s, which asking again does not change", async (code, status, ending) => {
    const house = new House(null);
    house.client.join.mockRejectedValue(new Problem(status, code, "", "Så här är det."));
    house.entry.begin();
    await house.hear(host());
    house.entry.ready();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(house.client.join).toHaveBeenCalledOnce();
    expect(house.model).toMatchObject({ screen: "end", ending, refusal: "Så här är det." });
  });

  it("says why when the event socket never opens", async () => {
    const house = new House(null);
    house.client.state.mockRejectedValue(new Problem(401, "unidentified", "", ""));
    house.entry.begin();
    house.onConnection("lost");
    await settled();
    expect(house.model).toMatchObject({ screen: "end", ending: "unidentified" });
  });

  it("asks again when the waiting room should have opened", async () => {
    const house = new House(null);
    house.entry.begin();
    await house.hear(guest({ meeting: { waiting_room_open: false }, me: { state: "none" } }));
    house.entry.ready();
    await settled();
    expect(house.model.screen).toBe("waiting");
    house.entry.look(new Date("2026-11-24T08:44:55Z"));
    expect(house.client.state).not.toHaveBeenCalled();
    house.entry.look(new Date("2026-11-24T08:45:05Z"));
    expect(house.client.state).toHaveBeenCalledOnce();
  });
});

describe("leaving while the door is being opened", () => {
  it("never leaves anybody in the room behind an end page", async () => {
    const house = new House(null);
    let connected = (): void => undefined;
    house.connecting = () => new Promise((resolve) => (connected = resolve));
    house.entry.begin();
    await house.hear(host());
    house.entry.ready();
    await settled();
    house.entry.leaveNow();
    connected();
    await settled();
    expect(house.model).toMatchObject({ screen: "end", ending: "left" });
    expect(house.sessions[0]?.leave).toHaveBeenCalled();
    expect(house.entry.session).toBeNull();
  });

  it("and begins anew from the end page, deaf to what the first way in still says", async () => {
    const house = new House(null);
    let refuse = (_: Problem): void => undefined;
    house.client.join.mockImplementationOnce(() => new Promise((_, reject) => (refuse = reject)));
    house.entry.begin();
    await house.hear(host());
    house.entry.ready();
    await settled();
    house.entry.leaveNow();
    house.entry.begin();
    house.entry.ready();
    refuse(new Problem(403, "removed", "", ""));
    await settled();
    expect(house.model.screen).toBe("room");
    expect(house.openDevices).toHaveBeenCalledTimes(2);
  });
});

describe("the way back", () => {
  it("comes back with a new token when the media is lost, without a click", async () => {
    const house = new House(null);
    await house.inside(host());
    house.client.state.mockRejectedValue(NO_LINE);
    house.client.join.mockRejectedValueOnce(NO_LINE).mockRejectedValueOnce(NO_LINE);
    await house.entry.sessionEnded("lost");
    await settled();
    expect(house.model).toMatchObject({ screen: "room", media: "reconnecting" });
    expect(house.said).toEqual(["Du har tappat nätet. Vi försöker igen hela tiden."]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(house.model).toMatchObject({ screen: "room", media: "on", hindrance: "" });
    expect(house.seated).toHaveBeenCalledTimes(2);
    expect(house.events.hurry).toHaveBeenCalled();
  });

  it("does not stay in the room with media that was lost again while it was being connected", async () => {
    const house = new House(null);
    const close = vi.fn();
    const keys = { encryption: { seated: vi.fn(), heard: vi.fn(), publicKey: "k" }, close } as unknown as SeatKeys;
    house.keys = keys;
    let tries = 0;
    let thrownAway = -1;
    house.connecting = async () => {
      tries += 1;
      if (tries > 1) return;
      // As livekit-client tells it: connected, and then disconnected while we wait to be encrypting.
      Object.assign(house.sessions.at(-1) ?? {}, { ended: true });
      await house.entry.sessionEnded("lost");
      thrownAway = close.mock.calls.length;
    };
    house.entry.begin();
    await house.hear(host());
    house.entry.ready();
    await settled();
    expect(thrownAway).toBe(0); // the keys of the seat that is being taken
    expect(house.seated).not.toHaveBeenCalled();
    expect(house.sessions[0]?.leave).toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(5000);
    expect(house.model).toMatchObject({ screen: "room", media: "on", hindrance: "" });
    expect(house.seated).toHaveBeenCalledOnce();
    expect(house.sessions).toHaveLength(2);
  });

  it("comes back at once when the meeting is heard again, without sitting out the pause", async () => {
    const house = new House(null);
    await house.inside(host());
    house.client.state.mockRejectedValue(NO_LINE);
    house.client.join.mockRejectedValue(NO_LINE);
    house.onConnection("lost");
    await house.entry.sessionEnded("lost");
    await vi.advanceTimersByTimeAsync(30_000);
    const tries = house.client.join.mock.calls.length;
    house.client.join.mockResolvedValue(TOKEN);
    await house.hear(host());
    expect(house.client.join).toHaveBeenCalledTimes(tries + 1);
    expect(house.model).toMatchObject({ screen: "room", media: "on" });
  });

  it("does not fight over the seat with another device", async () => {
    const house = new House(null);
    await house.inside(host());
    await house.entry.sessionEnded("elsewhere");
    expect(house.model).toMatchObject({ screen: "end", ending: "elsewhere" });
    const other = new House(null);
    await other.inside(host({ me: { identity: "seat-0" } }));
    other.client.state.mockResolvedValue(host({ me: { identity: "of another tab" } }));
    await other.entry.sessionEnded("lost");
    expect(other.model.ending).toBe("elsewhere");
  });

  it("believes the meeting rather than the media about why it ended", async () => {
    const house = new House(null);
    await house.inside(guest({}, "in_room"));
    house.client.state.mockResolvedValue(guest({ me: { state: "removed" } }));
    await house.entry.sessionEnded("lost");
    expect(house.model.ending).toBe("removed");
    expect(house.ended).toHaveBeenCalledOnce();
  });

  it("cuts the media when nobody has told who is in the room for too long", async () => {
    const house = new House(null);
    await house.inside(host());
    house.onConnection("lost");
    house.now += BLIND_LIMIT;
    house.entry.look(new Date(0));
    expect(house.sessions[0]?.leave).not.toHaveBeenCalled();
    house.now += 1;
    house.client.join.mockRejectedValue(NO_LINE);
    house.entry.look(new Date(0));
    await settled();
    expect(house.sessions[0]?.leave).toHaveBeenCalledOnce();
    expect(house.model.media).toBe("reconnecting");
  });

  it("goes back to the waiting room when the server says so", async () => {
    const house = new House(null);
    await house.inside(guest({}, "in_room"));
    await house.hear(guest());
    expect(house.model).toMatchObject({ screen: "waiting", media: "off" });
    expect(house.sessions[0]?.leave).toHaveBeenCalledOnce();
  });

  it.each([["ended", "ended"], ["elsewhere", "elsewhere"], ["unknown", "unknown"], ["logged-out", "unidentified"]] as const)("is over when the door is shut: %s", async (why, ending) => {
    const house = new House(null);
    await house.inside(host());
    house.onShut(why);
    await settled();
    expect(house.model.ending).toBe(ending);
    expect(house.sessions[0]?.leave).toHaveBeenCalledOnce();
  });

  it("tells removed from denied when it is put out", async () => {
    for (const [me, ending] of [["denied", "denied"], ["removed", "removed"]] as const) {
      const house = new House(null);
      house.entry.begin();
      await house.hear(guest());
      house.client.state.mockResolvedValue(guest({ me: { state: me } }));
      house.onShut("out");
      await settled();
      expect(house.model.ending).toBe(ending);
    }
  });
});
