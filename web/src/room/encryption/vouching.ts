/**
 * What the meeting has signed about a participant's key (PROTOCOL.md, "End-to-end encryption"). Nobody gets our sender key
 * whose vouching does not hold, and no page sends in the clear unless a vouching says that a leader has allowed it.
 */

import type { Participant } from "../../meeting.js";
import { decode, utf8, type Bytes } from "./base64url.js";

export const FORMAT = "hemmaplan-vouching-1";
export const KEY_BYTES = 65;
const LONGEST = 4000;

/** A statement that held. One of `key` and `allowedBy` is null. */
export interface Vouched {
  readonly meeting: string;
  readonly participant: string;
  readonly identity: string;
  readonly name: string;
  readonly method: string;
  readonly home: boolean;
  /** The public key, as it is written. */
  readonly key: string | null;
  /** The leader who lets this person take part without end-to-end encryption. */
  readonly allowedBy: string | null;
}

export class Vouchings {
  private constructor(
    private readonly signer: CryptoKey,
    private readonly meeting: string,
  ) {}

  /** `signer`: the service's Ed25519 key, base64url. Raises where the browser knows no Ed25519, or it is no key. */
  static async open(signer: string, meeting: string): Promise<Vouchings> {
    const raw = decode(signer);
    if (!raw) throw new TypeError("no key");
    return new Vouchings(await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]), meeting);
  }

  /** The statement, where it is signed, of this meeting, and says what the meeting's state says; else null. */
  async check(one: Participant): Promise<Vouched | null> {
    const found = await this.read(one.vouching);
    if (!found || found.meeting !== this.meeting) return null;
    const same =
      found.participant === one.id && found.identity === one.identity && found.name === one.person_name && found.method === one.method && found.home === one.home;
    return same ? found : null;
  }

  private async read(token: unknown): Promise<Vouched | null> {
    if (typeof token !== "string" || token.length > LONGEST) return null;
    const [body = "", mark = "", ...more] = token.split(".");
    const statement = decode(body);
    const signature = decode(mark);
    if (more.length > 0 || !statement || signature?.length !== 64) return null;
    if (!(await crypto.subtle.verify("Ed25519", this.signer, signature, signedBytes(statement)))) return null;
    return parse(statement);
  }
}

export function signedBytes(statement: Bytes): Bytes {
  const head = utf8(`${FORMAT}\n`);
  const all = new Uint8Array(head.length + statement.length);
  all.set(head);
  all.set(statement, head.length);
  return all;
}

function parse(statement: Bytes): Vouched | null {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(statement)) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { format, meeting, participant, identity, name, method, home, key, allowed_by: allowedBy } = value;
  const texts = [meeting, participant, identity, name, method];
  if (format !== FORMAT || texts.some((one) => typeof one !== "string" || one === "") || typeof home !== "boolean") return null;
  const keyed = typeof key === "string" && decode(key)?.length === KEY_BYTES && allowedBy === null;
  const plain = key === null && typeof allowedBy === "string" && allowedBy !== "";
  return keyed || plain ? ({ meeting, participant, identity, name, method, home, key, allowedBy } as Vouched) : null;
}
