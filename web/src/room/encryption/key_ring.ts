/** Sender keys as livekit-client takes them: a ring of sixteen for each participant, told to its worker. */

import { BaseKeyProvider, KeyProviderEvent, type KeyInfo } from "livekit-client";
import type { Bytes } from "./base64url.js";
import type { Ring } from "./encryption.js";
import { SENDER_KEY_BYTES } from "./wrapping.js";

export const RING_SIZE = 16;

export class KeyRing extends BaseKeyProvider implements Ring {
  private readonly keys = new Map<string, KeyInfo>();
  private current = 0;

  constructor(private readonly gone: (identity: string) => void = () => undefined) {
    // No ratcheting: a key that changes is handed out anew. A wrong frame never makes a key unusable.
    super({ sharedKey: false, ratchetWindowSize: 0, failureTolerance: -1, keyringSize: RING_SIZE });
  }

  /** From here on we send with this key. */
  async own(identity: string, key: Bytes, generation: number): Promise<void> {
    const index = generation % RING_SIZE;
    const material = await materialOf(key);
    this.current = index;
    for (const [name, info] of this.keys) if (info.participantIdentity === identity && info.keyIndex !== index) this.keys.delete(name);
    this.put(identity, material, index, true);
  }

  async other(identity: string, key: Bytes, generation: number): Promise<void> {
    this.put(identity, await materialOf(key), generation % RING_SIZE, true);
  }

  /** Nothing sent with this key can be read any more: a random one nobody knows takes its place. */
  async retire(identity: string, generation: number): Promise<void> {
    const index = generation % RING_SIZE;
    if (this.keys.delete(`${identity} ${index}`)) this.tell(identity, await materialOf(crypto.getRandomValues(new Uint8Array(SENDER_KEY_BYTES))), index, false);
  }

  async forget(identity: string): Promise<void> {
    for (const info of [...this.keys.values()]) if (info.participantIdentity === identity) await this.retire(identity, info.keyIndex ?? 0);
    this.gone(identity);
  }

  override getKeys(): KeyInfo[] {
    return [...this.keys.values()];
  }

  override getLatestManuallySetKeyIndex(): number {
    return this.current;
  }

  private put(identity: string, key: CryptoKey, index: number, current: boolean): void {
    this.keys.set(`${identity} ${index}`, { key, participantIdentity: identity, keyIndex: index });
    this.tell(identity, key, index, current);
  }

  private tell(identity: string, key: CryptoKey, index: number, current: boolean): void {
    this.emit(KeyProviderEvent.SetKey, { key, participantIdentity: identity, keyIndex: index }, current);
  }
}

/** What livekit-client derives the frames' AES-GCM key from; it cannot be read back. */
const materialOf = (key: Bytes): Promise<CryptoKey> => crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits", "deriveKey"]);
