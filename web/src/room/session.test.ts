import { ConnectionQuality, DisconnectReason, RoomEvent, Track, VideoQuality, type Room } from "livekit-client";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Session, type SessionListener } from "./session.js";
import type { SeatKeys } from "./encryption/seat_keys.js";
import { CHAT_TOPIC, HAND_TOPIC } from "./text.js";

type Handler = (...values: unknown[]) => void;

function publication(source: Track.Source, track: unknown, changes: object = {}) {
  return { source, track, trackSid: `sid-${source}`, isMuted: false, setEnabled: vi.fn(), setVideoQuality: vi.fn(), ...changes };
}

class FakeParticipant {
  readonly publications: ReturnType<typeof publication>[] = [];
  attributes = {};
  isMicrophoneEnabled = true;
  isSpeaking = false;
  isScreenShareEnabled = false;
  audioLevel = 0;
  connectionQuality = ConnectionQuality.Good;
  publishTrack = vi.fn(async (_track: unknown, _options: unknown) => undefined);
  publishData = vi.fn(async () => undefined);
  sendText = vi.fn(async () => ({ id: "sent" }));
  setScreenShareEnabled = vi.fn(async (on: boolean) => void (this.isScreenShareEnabled = on));
  constructor(readonly identity: string, readonly name = identity) {}
  getTrackPublication = (source: Track.Source) => this.publications.find((one) => one.source === source);
  get trackPublications() {
    return new Map(this.publications.map((one) => [one.trackSid, one]));
  }
  get audioTrackPublications() {
    return new Map(this.publications.filter((one) => /microphone|audio|unknown/.test(one.source)).map((one) => [one.trackSid, one]));
  }
  get videoTrackPublications() {
    return new Map(this.publications.filter((one) => one.source !== Track.Source.Microphone).map((one) => [one.trackSid, one]));
  }
}

class FakeRoom {
  readonly localParticipant = new FakeParticipant("me");
  readonly remoteParticipants = new Map<string, FakeParticipant>();
  canPlaybackAudio = true;
  readonly handlers = new Map<string, Handler>();
  readonly streams = new Map<string, Handler>();
  connect = vi.fn(async () => undefined);
  disconnect = vi.fn(async () => undefined);
  startAudio = vi.fn(async () => void (this.canPlaybackAudio = true));
  switchActiveDevice = vi.fn(async () => true);
  on = (event: string, handler: Handler) => void this.handlers.set(event, handler);
  registerTextStreamHandler = (topic: string, handler: Handler) => void this.streams.set(topic, handler);
  fire(event: RoomEvent, ...values: unknown[]): void {
    this.handlers.get(event)?.(...values);
  }
}

describe("a session", () => {
  let room: FakeRoom;
  let session: Session;
  let holder: HTMLElement;
  const listener = Object.fromEntries(
    ["changed", "reconnecting", "ended", "joined", "left", "message", "data", "soundBlocked"].map((name) => [name, vi.fn()]),
  ) as unknown as { [K in keyof SessionListener]: ReturnType<typeof vi.fn> };

  beforeEach(() => {
    for (const one of Object.values(listener)) one.mockReset();
    room = new FakeRoom();
    holder = document.createElement("div");
    session = new Session(listener as unknown as SessionListener, holder, null, () => 0, room as unknown as Room);
  });

  const sound = (sid: string) => {
    const element = document.createElement("audio");
    return { kind: Track.Kind.Audio, sid, attach: () => element, detach: () => [element], element };
  };

  it.each([
    [DisconnectReason.PARTICIPANT_REMOVED, "removed"], [DisconnectReason.ROOM_DELETED, "ended"], [DisconnectReason.DUPLICATE_IDENTITY, "elsewhere"],
    [DisconnectReason.STATE_MISMATCH, "lost"], [undefined, "lost"],
  ] as const)("says why it ended, once: %s is %s", (reason, why) => {
    room.fire(RoomEvent.Disconnected, reason);
    room.fire(RoomEvent.Disconnected, reason);
    expect(listener.ended.mock.calls).toEqual([[why]]);
    expect(session.ended).toBe(true);
  });

  it("says nothing of an end that we asked for", async () => {
    await session.leave();
    room.fire(RoomEvent.Disconnected, DisconnectReason.CLIENT_INITIATED);
    expect(listener.ended).not.toHaveBeenCalled();
    expect(room.disconnect).toHaveBeenCalledWith(false);
  });

  it("publishes an open track once, however often it is asked", async () => {
    const track = { kind: Track.Kind.Audio };
    await Promise.all([session.publish(track as never), session.publish(track as never)]);
    expect(room.localParticipant.publishTrack).toHaveBeenCalledExactlyOnceWith(track, { source: Track.Source.Microphone });
    room.localParticipant.publications.push(publication(Track.Source.Microphone, track));
    await session.publish(track as never);
    expect(room.localParticipant.publishTrack).toHaveBeenCalledOnce();
  });

  it("plays what is heard, at the chosen volume, and takes it away again", () => {
    const [first, second] = [sound("a"), sound("b")];
    room.fire(RoomEvent.TrackSubscribed, first, publication(Track.Source.Microphone, first), { identity: "karin" });
    session.setVolume(0.4);
    room.fire(RoomEvent.TrackSubscribed, second, publication(Track.Source.Microphone, second), { identity: "leila" });
    expect([first.element.volume, second.element.volume, holder.children.length]).toEqual([0.4, 0.4, 2]);
    room.fire(RoomEvent.TrackUnsubscribed, first);
    expect(holder.children.length).toBe(1);
    room.fire(RoomEvent.Disconnected, undefined);
    expect(holder.children.length).toBe(0);
  });

  it("plays no sound of a source it does not know, and says that somebody can be heard as long as they can", () => {
    const other = sound("a");
    room.fire(RoomEvent.TrackSubscribed, other, publication(Track.Source.Unknown, other), { identity: "karin" });
    expect(holder.children.length).toBe(0);
    const karin = new FakeParticipant("karin");
    karin.publications.push(publication(Track.Source.Microphone, {}, { isMuted: true }));
    room.remoteParticipants.set("karin", karin);
    expect(session.seats()[1]?.microphone).toBe(false);
    karin.publications.push(publication(Track.Source.ScreenShareAudio, {}));
    expect(session.seats()[1]?.microphone).toBe(true);
  });

  it("tells when the browser keeps the sound back, and when it no longer does", async () => {
    room.canPlaybackAudio = false;
    await session.connect("wss://x", "t");
    expect(listener.soundBlocked).toHaveBeenLastCalledWith(true);
    await session.allowSound();
    expect(listener.soundBlocked).toHaveBeenLastCalledWith(false);
  });

  it("gives up pictures and never sound, also of those who come later", () => {
    const karin = new FakeParticipant("karin");
    const [microphone, camera] = [publication(Track.Source.Microphone, {}), publication(Track.Source.Camera, {})];
    karin.publications.push(microphone, camera);
    room.remoteParticipants.set("karin", karin);
    session.spare({ picture: "none", others: "none" });
    expect(camera.setEnabled).toHaveBeenCalledWith(false);
    expect(microphone.setEnabled).not.toHaveBeenCalled();
    expect(session.seats().find((one) => one.identity === "karin")?.camera).toBeNull();
    const later = publication(Track.Source.Camera, { kind: Track.Kind.Video });
    room.fire(RoomEvent.TrackSubscribed, later.track, later, { identity: "leila" });
    expect(later.setEnabled).toHaveBeenCalledWith(false);
    session.spare({ picture: "full", others: "full" });
    expect(camera.setEnabled).toHaveBeenLastCalledWith(true);
    expect(camera.setVideoQuality).toHaveBeenLastCalledWith(VideoQuality.HIGH);
  });

  it("asks for the same pictures again after a break", () => {
    const karin = new FakeParticipant("karin");
    const camera = publication(Track.Source.Camera, {});
    karin.publications.push(camera);
    room.remoteParticipants.set("karin", karin);
    session.spare({ picture: "full", others: "small" });
    camera.setVideoQuality.mockClear();
    room.fire(RoomEvent.Reconnecting);
    room.fire(RoomEvent.Reconnected);
    expect(listener.reconnecting.mock.calls).toEqual([[true], [false]]);
    expect(camera.setVideoQuality).toHaveBeenCalledWith(VideoQuality.LOW);
  });

  it("shows a seat with its picture, a muted camera as none, and the quality in words", () => {
    const karin = new FakeParticipant("karin", "Karin Edlund");
    karin.connectionQuality = ConnectionQuality.Poor;
    karin.publications.push(publication(Track.Source.Camera, {}, { isMuted: true }), publication(Track.Source.ScreenShare, {}));
    room.remoteParticipants.set("karin", karin);
    const [me, seat] = session.seats();
    expect([me?.mine, me?.quality]).toEqual([true, "good"]);
    expect(seat).toMatchObject({ identity: "karin", name: "Karin Edlund", mine: false, camera: null, quality: "poor" });
    expect(seat?.screen).not.toBeNull();
  });

  it("sends text to all and hands to whom they concern; passes on what comes", async () => {
    expect(await session.say("Hej")).toBe("sent");
    expect(room.localParticipant.sendText).toHaveBeenCalledWith("Hej", { topic: CHAT_TOPIC, attributes: { proof: "" } });
    await session.send(HAND_TOPIC, new Uint8Array([1]), ["karin"]);
    expect(room.localParticipant.publishData).toHaveBeenCalledWith(new Uint8Array([10, 1]), { reliable: true, topic: HAND_TOPIC, destinationIdentities: ["karin"] });
    room.fire(RoomEvent.DataReceived, new Uint8Array([10, 2]), { identity: "karin" }, 0, HAND_TOPIC);
    room.fire(RoomEvent.DataReceived, new Uint8Array([2]), undefined, 0, HAND_TOPIC);
    expect(listener.data.mock.calls).toEqual([[HAND_TOPIC, "karin", new Uint8Array([2])]]);
    room.streams.get(CHAT_TOPIC)?.({ info: { id: "7" }, readAll: async () => "Hej själv" }, { identity: "karin" });
    room.streams.get(CHAT_TOPIC)?.({ info: { id: "8" }, readAll: async () => Promise.reject(new Error("broke off")) }, { identity: "karin" });
    await vi.waitFor(() => expect(listener.message.mock.calls).toEqual([["7", "karin", "Hej själv"]]));
  });

  it("looks at the line without a report too", async () => {
    expect(await session.look()).toMatchObject({ quality: "good", roundTrip: null });
  });

  describe("with keys", () => {
    const keys = { encryption: { proof: "p1", proves: (identity: string, proof: string) => identity === "karin" && proof === "p2" }, guard: { mayBePlain: false } };
    const text = (words: string): Uint8Array => new TextEncoder().encode(words);

    beforeEach(() => {
      session = new Session(listener as unknown as SessionListener, holder, keys as unknown as SeatKeys, () => 0, room as unknown as Room);
    });

    it("shows with each message that it knows its own key", async () => {
      await session.say("Hej");
      expect(room.localParticipant.sendText).toHaveBeenCalledWith("Hej", { topic: CHAT_TOPIC, attributes: { proof: "p1" } });
      await session.send(HAND_TOPIC, new Uint8Array([1]));
      expect(room.localParticipant.publishData).toHaveBeenCalledWith(Uint8Array.from([...text("p1\n"), 1]), { reliable: true, topic: HAND_TOPIC, destinationIdentities: [] });
    });

    it("takes no word that was put in on the way", async () => {
      for (const [identity, payload] of [["karin", "p2\nyes"], ["karin", "no"], ["karin", "\nno"], ["karin", "p1\nno"], ["per", "p2\nno"]] as const) {
        room.fire(RoomEvent.DataReceived, text(payload), { identity }, 0, HAND_TOPIC);
      }
      expect(listener.data.mock.calls).toEqual([[HAND_TOPIC, "karin", text("yes")]]);
      const read = vi.fn(async () => "Hej");
      for (const attributes of [{ proof: "p2" }, { proof: "p1" }, {}, undefined]) room.streams.get(CHAT_TOPIC)?.({ info: { id: "1", attributes }, readAll: read }, { identity: "karin" });
      expect(read).toHaveBeenCalledOnce();
    });

    it("connects once it encrypts, and only then", async () => {
      let enabled = false;
      const told: Handler[] = [];
      Object.assign(room, { setE2EEEnabled: vi.fn(async () => undefined), off: vi.fn() });
      Object.defineProperty(room, "isE2EEEnabled", { get: () => enabled });
      room.on = (_event: string, handler: Handler) => void told.push(handler);
      let connected = false;
      const connecting = session.connect("wss://x", "t").then(() => (connected = true));
      await vi.waitFor(() => expect(told).not.toHaveLength(0));
      expect(connected).toBe(false);
      enabled = true;
      told.forEach((handler) => handler());
      await connecting;
      expect((room as unknown as { setE2EEEnabled: unknown }).setE2EEEnabled).toHaveBeenCalledWith(true);
    });
  });
});
