/** What pages say to each other about keys, over the meeting's socket. Everything that comes in is bounded and looked at. */

/** Characters of one message (`rooms.vouching.MOST_MESSAGE`), and people in one (`rooms.lifecycle.MOST_INSIDE`, with room to spare). */
export const LONGEST = 6000;
const MOST_KEYS = 32;
const LONGEST_WORD = 128;
export const LAST_GENERATION = 2 ** 31;

/** The sender's newest key, wrapped for each member, and its commitment for the code of this round. */
export interface Share {
  readonly kind: "share";
  readonly round: string;
  readonly generation: number;
  readonly commitment: string;
  readonly keys: Readonly<Record<string, string>>;
}

/** The sender's number for the code of this round. */
export interface Reveal {
  readonly kind: "reveal";
  readonly round: string;
  readonly nonce: string;
}

/** Something of these is missing here: say it again. */
export interface Ask {
  readonly kind: "ask";
  readonly of: readonly string[];
}

export type Message = Share | Reveal | Ask;

const word = (value: unknown): value is string => typeof value === "string" && value.length > 0 && value.length <= LONGEST_WORD;

/** Null for anything that is not one of these in its bounds. */
export function read(body: string): Message | null {
  if (body.length > LONGEST) return null;
  let value: Record<string, unknown>;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null) return null;
    value = parsed as Record<string, unknown>;
  } catch {
    return null;
  }
  const { kind, round, generation, commitment, keys, nonce, of } = value;
  if (kind === "ask") return Array.isArray(of) && of.length <= MOST_KEYS && of.every(word) ? { kind, of } : null;
  if (!word(round)) return null;
  if (kind === "reveal") return word(nonce) ? { kind, round, nonce } : null;
  if (kind !== "share" || !word(commitment) || typeof keys !== "object" || keys === null) return null;
  if (typeof generation !== "number" || !Number.isInteger(generation) || generation < 1 || generation >= LAST_GENERATION) return null;
  const wrapped = Object.entries(keys);
  if (wrapped.length > MOST_KEYS || !wrapped.every(([identity, one]) => word(identity) && word(one))) return null;
  return { kind, round, generation, commitment, keys: Object.fromEntries(wrapped) as Record<string, string> };
}
