/** Everything of end-to-end encryption that belongs to one seat: its keys and the worker that uses them. */

import { isE2EESupported } from "livekit-client";
import type { State } from "../../meeting.js";
import { Encryption, STARTING, type Safety } from "./encryption.js";
import { Guard } from "./guard.js";
import { KeyRing } from "./key_ring.js";

export interface SeatKeys {
  readonly encryption: Encryption;
  readonly ring: KeyRing;
  readonly guard: Guard;
  close(): void;
}

interface Page {
  readonly meeting: string;
  /** Ed25519, base64url: what the meeting's vouchings are checked with. */
  readonly vouching_key: string;
  /** Address of livekit-client's worker. */
  readonly encryption_worker: string;
}

/** Null where the browser cannot: no way to the encoded frames, or not the cryptography. */
export async function makeKeys(page: Page, say: (body: string) => void, changed: (safety: Safety) => void): Promise<SeatKeys | null> {
  if (!isE2EESupported() || typeof Worker === "undefined" || !globalThis.crypto?.subtle) return null;
  const guard = new Guard(new Worker(page.encryption_worker));
  const ring = new KeyRing((identity) => guard.forget(identity));
  const told = (safety: Safety): void => {
    guard.allowPlain(safety.mode === "off");
    changed(safety);
  };
  let encryption: Encryption;
  try {
    encryption = await Encryption.begin(page.meeting, page.vouching_key, { ring, send: say, changed: told });
  } catch {
    guard.worker.terminate();
    return null;
  }
  return {
    encryption,
    ring,
    guard,
    close: () => {
      encryption.close();
      guard.worker.terminate();
    },
  };
}

/** What a page without keys can show: the meeting's word alone. */
export function none(state: State): Safety {
  const without = state.participants.flatMap((one) =>
    one.allowed_by !== null && (one.state === "in_room" || one.state === "admitted") ? [{ name: one.person_name, allowedBy: one.allowed_by }] : [],
  );
  return { ...STARTING, mode: without.length > 0 ? "off" : "starting", without };
}
