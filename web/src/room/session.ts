/**
 * The media session: wraps an unmodified livekit-client `Room`. One `Session` is one connection with one token; when it ends
 * for a reason that is not final, the controller asks /join for a new token and makes another with the same open tracks.
 */

import {
  ConnectionQuality,
  DisconnectReason,
  type LocalAudioTrack,
  type LocalTrack,
  type LocalVideoTrack,
  type Participant,
  type RemoteTrack,
  Room,
  RoomEvent,
  setLogLevel,
  Track,
  VideoPresets,
  VideoQuality,
} from "livekit-client";
import type { SeatKeys } from "./encryption/seat_keys.js";
import type { Quality, Sending } from "./network.js";
import type { Picture, Seat } from "./seats.js";
import { losses, NOTHING, totals, type Totals } from "./statistics.js";
import { CHAT_TOPIC, HAND_TOPIC, LINE_TOPIC } from "./text.js";

/** Why a session ended. `lost`: come back by asking to join again. */
export type SessionEnd = "left" | "removed" | "ended" | "elsewhere" | "lost";

export interface SessionListener {
  changed(): void;
  reconnecting(yes: boolean): void;
  ended(why: SessionEnd): void;
  joined(identity: string): void;
  left(identity: string): void;
  message(id: string, from: string, text: string): void;
  data(topic: string, from: string, payload: Uint8Array): void;
  /** The browser lets nothing sound before the person has touched the page. */
  soundBlocked(blocked: boolean): void;
}

const ENDS: Readonly<Partial<Record<DisconnectReason, SessionEnd>>> = {
  [DisconnectReason.CLIENT_INITIATED]: "left",
  [DisconnectReason.DUPLICATE_IDENTITY]: "elsewhere",
  [DisconnectReason.PARTICIPANT_REMOVED]: "removed",
  [DisconnectReason.ROOM_DELETED]: "ended",
  [DisconnectReason.ROOM_CLOSED]: "ended",
};

/** Milliseconds before each attempt to resume; then a new token is asked for. */
const RESUME_AFTER = [0, 300, 1000, 2000, 3000] as const;

/** Longest wait for the worker to say that we are encrypting, milliseconds. Nothing is sent before. */
const ENCRYPTING_WITHIN = 8000;

// Its worker tells the page of each key and track, and whoever opens the console the others' identities.
setLogLevel("warn");

const newRoom = (keys: SeatKeys | null): Room =>
  new Room({
    ...(keys ? { encryption: { keyProvider: keys.ring, worker: keys.guard.worker } } : {}),
    adaptiveStream: true,
    dynacast: true,
    stopLocalTrackOnUnpublish: false,
    disconnectOnPageLeave: true,
    publishDefaults: { simulcast: true, videoSimulcastLayers: [VideoPresets.h180, VideoPresets.h360], dtx: true, stopMicTrackOnMute: false },
    reconnectPolicy: { nextRetryDelayInMs: ({ retryCount }) => RESUME_AFTER[retryCount] ?? null },
  });

export class Session {
  private readonly sounds = new Map<string, HTMLMediaElement>();
  private readonly joinedAt = new Map<string, number>();
  private before: Totals = NOTHING;
  private volume = 1;
  private wanted: Sending = { picture: "full", others: "full" };
  private over = false;
  private readonly publishing = new Set<LocalAudioTrack | LocalVideoTrack>();

  constructor(
    private readonly listener: SessionListener,
    private readonly soundHolder: HTMLElement,
    /** Null where this browser cannot encrypt end to end. */
    private readonly keys: SeatKeys | null = null,
    private readonly clock: () => number = () => performance.now(),
    private readonly room: Room = newRoom(keys),
  ) {
    this.listen();
  }

  /** Raises whatever livekit-client raises when the server cannot be reached or refuses the token. */
  async connect(url: string, token: string): Promise<void> {
    await this.encrypt();
    await this.room.connect(url, token, { autoSubscribe: true, maxRetries: 0, peerConnectionTimeout: 12_000, websocketTimeout: 8_000 });
    await this.encrypting();
    this.listener.soundBlocked(!this.room.canPlaybackAudio);
    this.listener.changed();
  }

  /** Encrypts end to end, or stops where a leader has allowed it: our tracks are then published anew. */
  async encrypt(): Promise<void> {
    if (this.keys && !this.over) await this.room.setE2EEEnabled(!this.keys.guard.mayBePlain);
  }

  private async encrypting(): Promise<void> {
    const { keys, room } = this;
    if (!keys) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("not encrypting")), ENCRYPTING_WITHIN);
      const look = (): void => {
        if (!room.isE2EEEnabled && !keys.guard.mayBePlain) return;
        clearTimeout(timer);
        room.off(RoomEvent.ParticipantEncryptionStatusChanged, look);
        resolve();
      };
      room.on(RoomEvent.ParticipantEncryptionStatusChanged, look);
      look();
    });
  }

  /** Whether it is the participant's own word: what was put in on the way does not know their key. */
  private holds(identity: string, proof: string | undefined): boolean {
    return !this.keys || this.keys.encryption.proves(identity, proof ?? "");
  }

  private get proof(): string {
    return this.keys?.encryption.proof ?? "";
  }

  get identity(): string {
    return this.room.localParticipant.identity;
  }

  async publish(track: LocalAudioTrack | LocalVideoTrack): Promise<void> {
    const { localParticipant } = this.room;
    const source = track.kind === Track.Kind.Audio ? Track.Source.Microphone : Track.Source.Camera;
    if (this.publishing.has(track) || localParticipant.getTrackPublication(source)?.track === track) return;
    this.publishing.add(track);
    try {
      // livekit-client's own types do not survive exactOptionalPropertyTypes
      await localParticipant.publishTrack(track as LocalTrack, { source });
    } finally {
      this.publishing.delete(track);
    }
    this.listener.changed();
  }

  /** Nothing comes of it any more. */
  get ended(): boolean {
    return this.over;
  }

  /** Leaves; the local tracks stay open, since they belong to the page. */
  async leave(): Promise<void> {
    this.over = true;
    await this.room.disconnect(false);
    this.silence();
  }

  seats(): Seat[] {
    return [this.room.localParticipant, ...this.room.remoteParticipants.values()].map((one) => this.seatOf(one));
  }

  async shareScreen(on: boolean): Promise<void> {
    await this.room.localParticipant.setScreenShareEnabled(on, { audio: false, selfBrowserSurface: "exclude" });
    this.listener.changed();
  }

  get sharing(): boolean {
    return this.room.localParticipant.isScreenShareEnabled;
  }

  async chooseSpeaker(device: string): Promise<void> {
    await this.room.switchActiveDevice("audiooutput", device);
  }

  /** 0–1, for everything that is heard. */
  setVolume(volume: number): void {
    this.volume = volume;
    for (const element of this.sounds.values()) element.volume = volume;
  }

  async allowSound(): Promise<void> {
    await this.room.startAudio();
    this.listener.soundBlocked(!this.room.canPlaybackAudio);
  }

  async say(text: string): Promise<string> {
    return (await this.room.localParticipant.sendText(text, { topic: CHAT_TOPIC, attributes: { proof: this.proof } })).id;
  }

  /** Reliable and in order; `to` empty: everybody. */
  async send(topic: typeof LINE_TOPIC | typeof HAND_TOPIC, payload: Uint8Array<ArrayBuffer>, to: readonly string[] = []): Promise<void> {
    await this.room.localParticipant.publishData(withProof(this.proof, payload), { reliable: true, topic, destinationIdentities: [...to] });
  }

  /** Gives up or takes back pictures, ours and the others'. Sound is never touched. */
  spare(sending: Sending): void {
    this.wanted = sending;
    const camera = this.room.localParticipant.getTrackPublication(Track.Source.Camera)?.track as LocalVideoTrack | undefined;
    if (camera && !camera.isMuted) camera.setPublishingQuality(sending.picture === "full" ? VideoQuality.HIGH : VideoQuality.LOW);
    for (const participant of this.room.remoteParticipants.values()) {
      for (const publication of participant.videoTrackPublications.values()) {
        publication.setEnabled(sending.others !== "none");
        publication.setVideoQuality(sending.others === "full" ? VideoQuality.HIGH : VideoQuality.LOW);
      }
    }
  }

  /** Quality as the server sees our line, and what was lost since the last look. */
  async look(): Promise<{ quality: Quality; lossUp: number | null; lossDown: number | null; roundTrip: number | null }> {
    const tracks: (Track | undefined)[] = [this.room.localParticipant, ...this.room.remoteParticipants.values()].flatMap((one) =>
      [...one.trackPublications.values()].map((publication) => publication.track),
    );
    const reports = await Promise.all(
      tracks.map((track) => (track && "getRTCStatsReport" in track ? (track as RemoteTrack).getRTCStatsReport().catch(() => undefined) : undefined)),
    );
    const now = totals(reports.filter((one) => one !== undefined) as Iterable<readonly [string, Record<string, unknown>]>[]);
    const lost = losses(this.before, now);
    this.before = now;
    return { quality: qualityOf(this.room.localParticipant), ...lost, roundTrip: now.roundTrip };
  }

  private seatOf(one: Participant): Seat {
    const mine = one === this.room.localParticipant;
    const picture = (source: Track.Source): Picture | null => {
      const publication = one.getTrackPublication(source);
      const track = publication?.track;
      if (!track || publication.isMuted || (!mine && this.wanted.others === "none")) return null;
      return { id: publication.trackSid || track.mediaStreamID, attach: (element) => track.attach(element), detach: (element) => track.detach(element) };
    };
    return {
      identity: one.identity,
      mine,
      name: one.name ?? "",
      attributes: one.attributes,
      camera: picture(Track.Source.Camera),
      screen: picture(Track.Source.ScreenShare),
      microphone: [...one.audioTrackPublications.values()].some((publication) => !publication.isMuted),
      speaking: one.isSpeaking,
      level: one.audioLevel,
      quality: qualityOf(one),
      joinedAt: this.joinedAt.get(one.identity) ?? 0,
    };
  }

  private listen(): void {
    const { room, listener } = this;
    const changed = (): void => listener.changed();
    for (const event of [
      RoomEvent.TrackMuted, RoomEvent.TrackUnmuted, RoomEvent.LocalTrackPublished, RoomEvent.LocalTrackUnpublished, RoomEvent.TrackPublished,
      RoomEvent.TrackUnpublished, RoomEvent.ActiveSpeakersChanged, RoomEvent.ConnectionQualityChanged, RoomEvent.ParticipantNameChanged,
      RoomEvent.ParticipantAttributesChanged, RoomEvent.TrackStreamStateChanged,
    ] as const) room.on(event, changed);
    room.on(RoomEvent.TrackSubscribed, (track, publication, participant) => {
      if (track.kind === Track.Kind.Audio) this.hear(track, publication.source);
      else this.spareOne(publication);
      this.joinedAt.set(participant.identity, this.joinedAt.get(participant.identity) ?? this.clock());
      changed();
    });
    room.on(RoomEvent.TrackUnsubscribed, (track) => {
      if (track.kind === Track.Kind.Audio) this.unhear(track);
      changed();
    });
    room.on(RoomEvent.ParticipantConnected, (participant) => {
      this.joinedAt.set(participant.identity, this.clock());
      listener.joined(participant.identity);
      changed();
    });
    room.on(RoomEvent.ParticipantDisconnected, (participant) => {
      listener.left(participant.identity);
      changed();
    });
    room.on(RoomEvent.Reconnecting, () => listener.reconnecting(true));
    room.on(RoomEvent.SignalReconnecting, () => listener.reconnecting(true));
    room.on(RoomEvent.Reconnected, () => {
      listener.reconnecting(false);
      this.spare(this.wanted);
    });
    room.on(RoomEvent.AudioPlaybackStatusChanged, () => listener.soundBlocked(!room.canPlaybackAudio));
    room.on(RoomEvent.DataReceived, (payload, participant, _kind, topic) => {
      const [proof, rest] = proofOf(payload);
      if (participant && topic && this.holds(participant.identity, proof)) listener.data(topic, participant.identity, rest);
    });
    room.registerTextStreamHandler(CHAT_TOPIC, (reader, from) => {
      if (!this.holds(from.identity, reader.info.attributes?.["proof"])) return;
      void reader.readAll().then(
        (text) => listener.message(reader.info.id, from.identity, text),
        () => undefined, // a text that broke off on the way is no text
      );
    });
    room.on(RoomEvent.Disconnected, (reason) => {
      this.silence();
      if (this.over) return;
      this.over = true;
      listener.ended((reason !== undefined && ENDS[reason]) || "lost");
    });
  }

  private spareOne(publication: { setEnabled(on: boolean): void; setVideoQuality(quality: VideoQuality): void }): void {
    if (this.wanted.others === "full") return;
    publication.setVideoQuality(VideoQuality.LOW);
    publication.setEnabled(this.wanted.others !== "none");
  }

  private hear(track: RemoteTrack, source: Track.Source): void {
    if (source !== Track.Source.Microphone && source !== Track.Source.ScreenShareAudio) return;
    const element = track.attach();
    element.volume = this.volume;
    this.sounds.set(track.sid ?? "", element);
    this.soundHolder.append(element);
  }

  private unhear(track: RemoteTrack): void {
    for (const element of track.detach()) element.remove();
    this.sounds.delete(track.sid ?? "");
  }

  private silence(): void {
    for (const element of this.sounds.values()) element.remove();
    this.sounds.clear();
  }
}

/** The proof stands on a line of its own before the payload; an empty one where the meeting is not encrypted end to end. */
function withProof(proof: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${proof}\n`);
  const all = new Uint8Array(head.length + payload.length);
  all.set(head);
  all.set(payload, head.length);
  return all;
}

function proofOf(payload: Uint8Array): readonly [string, Uint8Array] {
  const end = payload.indexOf(10);
  return end < 0 || end > 64 ? ["", payload] : [new TextDecoder().decode(payload.subarray(0, end)), payload.subarray(end + 1)];
}

function qualityOf(participant: Participant): Quality {
  switch (participant.connectionQuality) {
    case ConnectionQuality.Excellent:
      return "excellent";
    case ConnectionQuality.Good:
      return "good";
    case ConnectionQuality.Poor:
      return "poor";
    case ConnectionQuality.Lost:
      return "lost";
    default:
      return "unknown";
  }
}
