/**
 * The short code that everyone reads aloud. It is made of all vouched keys and of one random number from each browser, to
 * which each has bound itself before it saw the others': who stands between the browsers has one try in a million, and
 * cannot search for keys that happen to give the same digits on both sides (as ZRTP's commitment, RFC 6189, section 4.4.1.1).
 */

import { encode, sha256 } from "./base64url.js";

export interface Member {
  readonly identity: string;
  readonly key: string;
}

const DIGITS = 6;
const NONCE_BYTES = 16;
/** Rounds remembered, those last in use: a set of people that comes back has the code it had. */
export const MOST_ROUNDS = 512;
/** Rounds that others speak of and we do not know yet. */
const MOST_AHEAD = 8;

/** The set of people and keys, in one word. The same on all pages that see the same people. */
export async function roundOf(meeting: string, members: readonly Member[]): Promise<string> {
  const lines = members.map((one) => `${one.identity} ${one.key}`).sort();
  return (await sha256("hemmaplan-round-1", meeting, ...lines)).slice(0, 22);
}

export const commitmentOf = (round: string, identity: string, nonce: string): Promise<string> => sha256("hemmaplan-commitment-1", round, identity, nonce);

export async function codeOf(round: string, nonces: ReadonlyMap<string, string>): Promise<string> {
  const lines = [...nonces].map(([identity, nonce]) => `${identity} ${nonce}`).sort();
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(["hemmaplan-code-1", round, ...lines].join("\n")));
  const number = new DataView(hash).getBigUint64(0) % 10n ** BigInt(DIGITS);
  return number.toString().padStart(DIGITS, "0");
}

interface Round {
  readonly nonce: string;
  readonly commitments: Map<string, string>;
  readonly nonces: Map<string, string>;
  broken: boolean;
  /** Somebody bound themselves a second time, otherwise: they have forgotten this round, and their code is another. */
  torn: boolean;
}

/** The rounds of one seat. First come counts: a second number of the same person changes nothing, and a second commitment leaves no code. */
export class Rounds {
  private readonly rounds = new Map<string, Round>();
  private readonly ahead = new Map<string, Map<string, string>>();

  constructor(private readonly me: string) {}

  /** Our commitment for a round, the same whenever it is asked for. */
  async enter(round: string): Promise<string> {
    let found = this.rounds.get(round);
    if (!found) {
      found = { nonce: encode(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))), commitments: new Map(this.ahead.get(round)), nonces: new Map(), broken: false, torn: false };
      found.commitments.set(this.me, await commitmentOf(round, this.me, found.nonce));
      found.nonces.set(this.me, found.nonce);
      this.ahead.delete(round);
    }
    this.rounds.delete(round);
    this.rounds.set(round, found);
    trim(this.rounds, MOST_ROUNDS);
    return found.commitments.get(this.me) ?? "";
  }

  committed(round: string, from: string, commitment: string): void {
    const entered = this.rounds.get(round);
    const known = entered?.commitments ?? this.ahead.get(round) ?? new Map<string, string>();
    if (from !== this.me && !known.has(from)) known.set(from, commitment);
    if (entered) {
      if (from !== this.me && known.get(from) !== commitment) entered.torn = true;
      return;
    }
    this.ahead.set(round, known);
    trim(this.ahead, MOST_AHEAD);
  }

  /** Our number, once everyone has bound themselves; null before. */
  toReveal(round: string, members: readonly Member[]): string | null {
    const found = this.rounds.get(round);
    return found && members.every((one) => found.commitments.has(one.identity)) ? found.nonce : null;
  }

  async revealed(round: string, from: string, nonce: string): Promise<void> {
    const found = this.rounds.get(round);
    const commitment = found?.commitments.get(from);
    if (!found || !commitment || found.nonces.has(from)) return;
    if ((await commitmentOf(round, from, nonce)) === commitment) found.nonces.set(from, nonce);
    else found.broken = true;
  }

  /** Whose commitment or number is missing. */
  missing(round: string, members: readonly Member[]): readonly string[] {
    const found = this.rounds.get(round);
    return members.filter((one) => !found?.nonces.has(one.identity)).map((one) => one.identity);
  }

  /** The digits; "" while somebody's number is missing, null where somebody's number is not the one they had bound themselves to. */
  async code(round: string, members: readonly Member[]): Promise<string | null> {
    const found = this.rounds.get(round);
    if (found?.broken) return null;
    if (!found || found.torn || this.missing(round, members).length > 0) return "";
    return codeOf(round, new Map(members.map((one) => [one.identity, found.nonces.get(one.identity) ?? ""])));
  }
}

function trim(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) if (map.size > most) map.delete(key);
}
