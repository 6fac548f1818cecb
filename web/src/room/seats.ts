/** One media participant as the room's views see it: what is heard and seen of one seat right now. No LiveKit types beyond a picture to attach. */

import type { Quality } from "./network.js";

/** A picture that can be put into a video element: LiveKit's tracks, or a fake one in tests. */
export interface Picture {
  readonly id: string;
  attach(element: HTMLMediaElement): unknown;
  detach(element: HTMLMediaElement): unknown;
}

export interface Seat {
  readonly identity: string;
  readonly mine: boolean;
  readonly name: string;
  /** Written by the server into the token: role, organisation, party, relation, method, home, host, participant. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly camera: Picture | null;
  readonly screen: Picture | null;
  readonly microphone: boolean;
  readonly speaking: boolean;
  readonly level: number;
  readonly quality: Quality;
  readonly joinedAt: number;
}
