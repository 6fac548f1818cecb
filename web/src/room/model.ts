/** Everything the room's views look at. Changed by the controller only. */

import type { State } from "../meeting.js";
import type { Connection } from "../client.js";
import type { DeviceLists, DeviceState } from "./devices.js";
import { NO_DEVICES } from "./devices.js";
import { FRESH, type Network } from "./network.js";
import type { Tile } from "./people.js";
import type { Picture } from "./seats.js";
import { STARTING, type Safety } from "./encryption/encryption.js";
import { EMPTY, type Text } from "./text.js";

/** What the server embeds for this page. */
export interface PageData {
  readonly meeting: string;
  readonly kiosk: boolean;
  readonly home: boolean;
  readonly phone: string;
  readonly start: string;
  /** Ed25519, base64url: what the meeting's vouchings are checked with (`encryption/vouching`). */
  readonly vouching_key: string;
  readonly encryption_worker: string;
  /** STATE as it was when the page was made. */
  readonly state: State | null;
}

export type Screen = "loading" | "check" | "waiting" | "entering" | "room" | "end";

export type Ending = "left" | "ended" | "removed" | "denied" | "cancelled" | "elsewhere" | "unidentified" | "unknown" | "refused";

export type Panel = "chat" | "people" | "devices" | "home" | "keys" | "safety";

export type Layout = "desk" | "kiosk" | "phone";

export interface DeviceModel {
  readonly microphone: DeviceState;
  readonly camera: DeviceState;
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
  readonly lists: DeviceLists;
  readonly chosen: { readonly microphone: string; readonly camera: string; readonly speaker: string };
  readonly choosesSpeaker: boolean;
  readonly preview: Picture | null;
  readonly sharing: boolean;
  readonly canShare: boolean;
}

/** A question that must be answered before something is done that others notice. */
export type Question =
  | { readonly about: "leave" }
  | { readonly about: "end" }
  /** This browser cannot encrypt end to end, and the person leads: go in all the same? */
  | { readonly about: "unencrypted" }
  | { readonly about: "remove" | "hand-over" | "deny" | "admit-unencrypted"; readonly participant: string; readonly name: string };

export interface Model {
  readonly page: PageData;
  readonly layout: Layout;
  readonly screen: Screen;
  readonly ending: Ending | null;
  /** The server's own words where it refused. */
  readonly refusal: string;
  readonly state: State | null;
  readonly connection: Connection;
  readonly media: "off" | "connecting" | "on" | "reconnecting";
  /** What stands in the way right now, in words; it goes by itself. */
  readonly hindrance: string;
  readonly devices: DeviceModel;
  readonly tiles: readonly Tile[];
  readonly safety: Safety;
  readonly speaker: string | null;
  readonly text: Text;
  readonly draft: string;
  readonly realTime: boolean;
  readonly panel: Panel | null;
  readonly question: Question | null;
  readonly hand: boolean;
  readonly network: Network;
  readonly savedOnPicture: boolean;
  readonly soundBlocked: boolean;
  readonly volume: number;
  readonly talkingMuted: boolean;
  /** Those who have knocked and been seen to: they stand in the list but call for no attention. */
  readonly quieted: ReadonlySet<string>;
  readonly busy: ReadonlySet<string>;
  readonly notice: string;
  /** Whose consent is missing and what to do, in the server's words; for those who lead, "" where none is. */
  readonly consent: string;
  readonly now: Date;
  readonly keysOn: boolean;
}

export function firstModel(page: PageData, layout: Layout, now: Date): Model {
  return {
    page,
    layout,
    screen: "loading",
    ending: null,
    refusal: "",
    state: page.state,
    connection: "connecting",
    media: "off",
    hindrance: "",
    devices: {
      microphone: "off",
      camera: "off",
      microphoneOn: true,
      cameraOn: true,
      lists: NO_DEVICES,
      chosen: { microphone: "", camera: "", speaker: "" },
      choosesSpeaker: false,
      preview: null,
      sharing: false,
      canShare: false,
    },
    tiles: [],
    safety: STARTING,
    speaker: null,
    text: EMPTY,
    draft: "",
    realTime: false,
    panel: null,
    question: null,
    hand: false,
    network: FRESH,
    savedOnPicture: false,
    soundBlocked: false,
    volume: 0.8,
    talkingMuted: false,
    quieted: new Set(),
    busy: new Set(),
    notice: "",
    consent: "",
    now,
    keysOn: true,
  };
}

/** Everything a view can ask for. The controller does it; tests give a recorder. */
export interface Acts {
  ready(): void;
  enter(): void;
  again(): void;
  leave(): void;
  leaveNow(): void;
  endForAll(): void;
  ask(question: Question): void;
  answer(yes: boolean): void;
  toggleMicrophone(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  toggleHand(): void;
  openMicrophone(): void;
  openCamera(): void;
  chooseMicrophone(id: string): void;
  chooseCamera(id: string): void;
  chooseSpeaker(id: string): void;
  tryout(): void;
  volume(by: number): void;
  allowSound(): void;
  show(panel: Panel | null): void;
  type(draft: string): void;
  say(): void;
  setRealTime(on: boolean): void;
  setKeys(on: boolean): void;
  quiet(participant: string): void;
  admit(participant: string): void;
  admitAll(): void;
  notYet(participant: string): void;
  recognise(participant: string): void;
  coHost(participant: string): void;
  mute(participant: string): void;
  nameHome(people: readonly { name: string; relation: string }[]): void;
  /** How loud the microphone hears now, 0–1; asked for at each frame by the meter. */
  level(): number;
}
