/**
 * Wraps a sender key for one receiver: ECDH of the two vouched P-256 keys, HKDF-SHA256 bound to everything it is for, and
 * AES-256-GCM. Only the two key holders can make or open it, so it says by itself whose it is (static-static ECDH).
 */

import { decode, encode, utf8, type Bytes } from "./base64url.js";
import { KEY_BYTES } from "./vouching.js";

export const SENDER_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CURVE = { name: "ECDH", namedCurve: "P-256" } as const;

/** Who sends what to whom: all of it goes into the wrapping key. */
export interface Context {
  readonly meeting: string;
  readonly sender: string;
  readonly receiver: string;
  readonly senderKey: string;
  readonly receiverKey: string;
  /** The sender's count of its keys, from 1. */
  readonly generation: number;
}

/** One seat's key pair. The private key cannot leave the browser and is forgotten with the seat. */
export class KeyPair {
  private constructor(
    private readonly secret: CryptoKey,
    /** base64url of the uncompressed point. */
    readonly publicKey: string,
  ) {}

  static async make(): Promise<KeyPair> {
    const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
    return new KeyPair(pair.privateKey, encode(await crypto.subtle.exportKey("raw", pair.publicKey)));
  }

  async wrap(senderKey: Bytes, context: Context): Promise<string> {
    const key = await this.wrappingKey(context.receiverKey, context, "encrypt");
    if (!key || senderKey.length !== SENDER_KEY_BYTES) throw new TypeError("cannot be wrapped");
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, senderKey);
    return `${encode(nonce)}.${encode(sealed)}`;
  }

  /** The sender key; null for what was not wrapped by the holder of `senderKey`, for us, in this context. */
  async unwrap(wrapped: string, context: Context): Promise<Bytes | null> {
    const [first = "", second = "", ...more] = wrapped.split(".");
    const nonce = decode(first);
    const sealed = decode(second);
    if (more.length > 0 || nonce?.length !== NONCE_BYTES || sealed?.length !== SENDER_KEY_BYTES + TAG_BYTES) return null;
    const key = await this.wrappingKey(context.senderKey, context, "decrypt");
    if (!key) return null;
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, sealed));
    } catch {
      return null;
    }
  }

  /** Null where the other's key is no point of the curve. */
  private async wrappingKey(other: string, context: Context, use: "encrypt" | "decrypt"): Promise<CryptoKey | null> {
    const raw = decode(other);
    if (raw?.length !== KEY_BYTES) return null;
    try {
      const theirs = await crypto.subtle.importKey("raw", raw, CURVE, false, []);
      const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, this.secret, 256);
      const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
      const info = utf8(wrapInfo(context));
      return await crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info }, material, { name: "AES-GCM", length: 256 }, false, [use]);
    } catch {
      return null;
    }
  }
}

export const wrapInfo = (context: Context): string =>
  ["hemmaplan-wrap-1", context.meeting, context.sender, context.receiver, context.senderKey, context.receiverKey, String(context.generation)].join("\n");
