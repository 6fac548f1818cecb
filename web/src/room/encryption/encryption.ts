/**
 * One seat's end-to-end encryption: whom the meeting vouches for, our own sender key and when it changes, the others' keys, and
 * the code that everyone can read aloud. It knows neither LiveKit nor the socket, only a ring of keys and a way to say something.
 */

import { leads, type State } from "../../meeting.js";
import { encode, sha256, type Bytes } from "./base64url.js";
import { roundOf, Rounds, type Member } from "./code.js";
import { LAST_GENERATION, read, type Message, type Share } from "./messages.js";
import { Vouchings, type Vouched } from "./vouching.js";
import { KeyPair, SENDER_KEY_BYTES, type Context } from "./wrapping.js";

/** Milliseconds. A new key is used once the others have had time to get it; an old one is kept for frames that are late. */
export const SWITCH_AFTER = 250;
export const RETIRE_AFTER = 10_000;
/** Least between two changes of key: who comes and goes within is one change. */
export const ROTATE_EVERY = 500;
export const ASK_EVERY = 1500;
const ANSWER_EVERY = 1000;
const MOST_WAITING = 500;
/** Keys remembered, those of the seats that are here and of those last gone: an identity is never given twice. */
export const MOST_PINS = 500;

/** What the room shows of it. */
export interface Safety {
  /** `off`: somebody takes part whose browser cannot, and a leader has allowed it. */
  readonly mode: "starting" | "on" | "off";
  /** Six digits; "" while they are being made; null where they cannot agree. */
  readonly code: string | null;
  /** Those who take part without, and the leaders who allowed it. */
  readonly without: readonly { readonly name: string; readonly allowedBy: string }[];
  /** Those whose key the meeting does not vouch for: they get none of ours. */
  readonly unsure: readonly string[];
}

export const STARTING: Safety = { mode: "starting", code: "", without: [], unsure: [] };

export interface Ring {
  own(identity: string, key: Bytes, generation: number): Promise<void>;
  other(identity: string, key: Bytes, generation: number): Promise<void>;
  retire(identity: string, generation: number): Promise<void>;
  forget(identity: string): Promise<void>;
}

export interface Around {
  readonly ring: Ring;
  readonly send: (body: string) => void;
  readonly changed: (safety: Safety) => void;
}

export class Encryption {
  private identity = "";
  private rounds = new Rounds("");
  private round = "";
  private unrecognised: ReadonlySet<string> = new Set();
  private leading = false;
  /** All who hold a vouched key; of them those who make the code and get our key: not who came by a code and is yet to be recognised. */
  private everyone: readonly Member[] = [];
  private members: readonly Member[] = [];
  private readonly pins = new Map<string, string>();
  private readonly generations = new Map<string, number>();
  private readonly proofs = new Map<string, readonly string[]>();
  private ownProof = "";
  private key: Bytes = newKey();
  private generation = 1;
  private shared = false;
  private revealed = "";
  private rotatedAt = -ROTATE_EVERY;
  private answeredAt = -ANSWER_EVERY;
  private safety = STARTING;
  private work: Promise<void> = Promise.resolve();
  private waiting = 0;
  private rotation: ReturnType<typeof setTimeout> | undefined;
  private switching: ReturnType<typeof setTimeout> | undefined;
  private readonly asking: ReturnType<typeof setInterval>;
  private readonly retiring = new Set<ReturnType<typeof setTimeout>>();

  private constructor(
    private readonly meeting: string,
    private readonly vouchings: Vouchings,
    private readonly pair: KeyPair,
    private readonly around: Around,
    private readonly clock: () => number,
  ) {
    this.asking = setInterval(() => this.inTurn(() => this.ask()), ASK_EVERY);
  }

  /** Raises where the browser cannot. `signer`: the key that vouchings are checked with. */
  static async begin(meeting: string, signer: string, around: Around, clock: () => number = () => performance.now()): Promise<Encryption> {
    return new Encryption(meeting, await Vouchings.open(signer, meeting), await KeyPair.make(), around, clock);
  }

  get publicKey(): string {
    return this.pair.publicKey;
  }

  /** The meeting has given us this seat; we can send, though nobody has our key yet. */
  async seated(identity: string): Promise<void> {
    this.identity = identity;
    this.rounds = new Rounds(identity);
    await this.use(this.key, this.generation);
  }

  /**
   * What we put first in each data message. livekit-client 2.23 does not tell what came encrypted from what came in the clear, so
   * a message shows that its sender knows the sender key. Empty where the meeting is not encrypted: it must not be seen.
   */
  get proof(): string {
    return this.safety.mode === "off" ? "" : this.ownProof;
  }

  /** Whether a message with this proof is that participant's own, and not put in on the way. */
  proves(identity: string, proof: string): boolean {
    return this.safety.mode === "off" || this.proofs.get(identity)?.includes(proof) === true;
  }

  /** The meeting's word of who is here. */
  heard(state: State): void {
    this.inTurn(() => this.follow(state));
  }

  /** Another page's message, in whose name the service passed it on. */
  received(from: string, body: string): void {
    this.inTurn(() => this.hear(from, body));
  }

  /** Resolves when everything heard so far has been dealt with. */
  get settled(): Promise<void> {
    return this.work;
  }

  close(): void {
    clearInterval(this.asking);
    clearTimeout(this.rotation);
    clearTimeout(this.switching);
    this.retiring.forEach(clearTimeout);
    this.identity = "";
    this.everyone = this.members = [];
    this.key.fill(0);
  }

  // ---- who is here -------------------------------------------------------------------------------------------------

  private async follow(state: State): Promise<void> {
    if (!this.identity || state.me.identity !== this.identity) return;
    const held: Vouched[] = [];
    const unsure: string[] = [];
    const here = new Set(state.participants.map((one) => one.identity));
    for (const one of state.participants) {
      if (one.state !== "in_room" && (one.state !== "admitted" || !one.vouching)) continue;
      const vouched = await this.vouchings.check(one);
      if (vouched && this.pin(vouched, here)) held.push(vouched);
      else unsure.push(one.name);
    }
    const keyed = held.flatMap(({ identity, key }) => (key === null ? [] : [{ identity, key }]));
    // A statement that gives our seat another key than ours: nobody may be given anything on its word.
    const everyone = keyed.some((one) => one.identity === this.identity) ? keyed : [];
    const without = held.flatMap(({ name, allowedBy }) => (allowedBy === null ? [] : [{ name, allowedBy }]));
    this.safety = { ...this.safety, mode: without.length > 0 ? "off" : "on", without, unsure };
    // Came by a code alone: shows themselves to those who lead, is in nobody's round and gets nobody's key. Recognised, they begin a new round.
    this.unrecognised = new Set(state.participants.flatMap((one) => (one.unrecognised && one.identity !== null ? [one.identity] : [])));
    this.leading = leads(state.me);
    await this.forgetGone(everyone);
    const members = everyone.filter((one) => one.identity === this.identity || !this.unrecognised.has(one.identity));
    const round = await roundOf(this.meeting, members.map((one) => (this.unrecognised.has(one.identity) ? { ...one, key: "" } : one)));
    if (round !== this.round) await this.turnTo(round, members);
    await this.tell();
  }

  /** The first key of an identity is its only one, and no two share one. */
  private pin(one: Vouched, here: ReadonlySet<string | null>): boolean {
    if (one.key === null) return true;
    const known = this.pins.get(one.identity);
    if (known !== undefined) return known === one.key;
    const own = one.key === this.publicKey;
    if (own !== (one.identity === this.identity) || [...this.pins.values()].includes(one.key)) return false;
    for (const gone of this.pins.keys()) if (this.pins.size >= MOST_PINS && !here.has(gone)) this.pins.delete(gone);
    if (this.pins.size >= MOST_PINS) return false;
    this.pins.set(one.identity, one.key);
    return true;
  }

  private async forgetGone(everyone: readonly Member[]): Promise<void> {
    const here = new Set(everyone.map((one) => one.identity));
    const gone = this.everyone.filter((one) => !here.has(one.identity));
    this.everyone = everyone;
    for (const { identity } of gone) {
      this.generations.delete(identity);
      this.proofs.delete(identity);
      if (identity !== this.identity) await this.around.ring.forget(identity);
    }
  }

  private async turnTo(round: string, members: readonly Member[]): Promise<void> {
    this.round = round;
    this.members = members;
    await this.rounds.enter(round);
    if (!this.shared) return this.share(); // nobody has had our first key, so it is as good as a new one
    this.rotateSoon();
  }

  // ---- our key -----------------------------------------------------------------------------------------------------

  private rotateSoon(): void {
    if (this.rotation !== undefined) return;
    const pause = Math.max(0, this.rotatedAt + ROTATE_EVERY - this.clock());
    this.rotation = setTimeout(() => {
      this.rotation = undefined;
      this.inTurn(() => this.rotate());
    }, pause);
  }

  private async rotate(): Promise<void> {
    if (!this.identity || this.generation + 1 >= LAST_GENERATION) return;
    this.rotatedAt = this.clock();
    const old = this.key;
    this.key = newKey();
    this.generation += 1;
    const { key, generation } = this;
    await this.share();
    clearTimeout(this.switching);
    this.switching = setTimeout(() => {
      old.fill(0);
      if (this.identity && generation === this.generation) this.inTurn(() => this.use(key, generation));
    }, SWITCH_AFTER);
  }

  /** From here on we send with this key. */
  private async use(key: Bytes, generation: number): Promise<void> {
    if (!this.identity) return;
    this.ownProof = await proofOf(this.meeting, key);
    await this.around.ring.own(this.identity, key, generation);
  }

  private async share(): Promise<void> {
    const others = this.members.filter((one) => one.identity !== this.identity);
    if (others.length === 0) return;
    this.shared = true;
    const keys: Record<string, string> = {};
    for (const one of others) keys[one.identity] = await this.pair.wrap(this.key, this.context(this.identity, this.publicKey, one.identity, one.key, this.generation));
    this.say({ kind: "share", round: this.round, generation: this.generation, commitment: await this.rounds.enter(this.round), keys });
    this.reveal();
  }

  private context(sender: string, senderKey: string, receiver: string, receiverKey: string, generation: number): Context {
    return { meeting: this.meeting, sender, receiver, senderKey, receiverKey, generation };
  }

  // ---- the others --------------------------------------------------------------------------------------------------

  private async hear(from: string, body: string): Promise<void> {
    const member = this.everyone.find((one) => one.identity === from && from !== this.identity);
    const message = member && read(body);
    if (!member || !message) return;
    if (message.kind === "share") {
      this.rounds.committed(message.round, from, message.commitment);
      await this.take(member, message);
      this.reveal();
    } else if (message.kind === "reveal") {
      if (this.members.some((one) => one.identity === from)) await this.rounds.revealed(message.round, from, message.nonce);
    } else if (message.of.includes(this.identity)) await this.answer();
    await this.tell();
  }

  private async take(from: Member, { keys, generation }: Share): Promise<void> {
    const before = this.generations.get(from.identity) ?? 0;
    const wrapped = Object.hasOwn(keys, this.identity) ? keys[this.identity] : undefined;
    if (wrapped === undefined || generation <= before) return;
    const key = await this.pair.unwrap(wrapped, this.context(from.identity, from.key, this.identity, this.publicKey, generation));
    if (!key) return;
    this.generations.set(from.identity, generation);
    this.proofs.set(from.identity, [await proofOf(this.meeting, key), ...(this.proofs.get(from.identity) ?? [])].slice(0, 2));
    await this.around.ring.other(from.identity, key, generation);
    key.fill(0);
    if (before > 0) this.retire(from.identity, before);
  }

  private retire(identity: string, generation: number): void {
    const timer = setTimeout(() => {
      this.retiring.delete(timer);
      // The ring may have gone round to the same place meanwhile.
      if ((this.generations.get(identity) ?? 0) - generation < 16) void this.around.ring.retire(identity, generation);
    }, RETIRE_AFTER);
    this.retiring.add(timer);
  }

  private reveal(): void {
    const nonce = this.rounds.toReveal(this.round, this.members);
    if (nonce === null || this.revealed === this.round) return;
    this.revealed = this.round;
    this.say({ kind: "reveal", round: this.round, nonce });
  }

  /** Something did not arrive, on a line that was away for a moment: ask those it should have come from. */
  private ask(): void {
    if (this.unrecognised.has(this.identity)) return;
    const silent = this.everyone.filter(({ identity }) => identity !== this.identity && !this.generations.has(identity)).map(({ identity }) => identity);
    const late = new Set([...this.rounds.missing(this.round, this.members), ...silent.filter((one) => !this.unrecognised.has(one))]);
    late.delete(this.identity);
    if (this.shared && late.size > 0) this.say({ kind: "ask", of: [...late] });
    // Who came by a code gives their key to those who lead, and is told nothing of the others: not their identities either.
    if (this.leading) for (const one of silent) if (this.unrecognised.has(one)) this.say({ kind: "ask", of: [one] });
  }

  private async answer(): Promise<void> {
    if (this.clock() - this.answeredAt < ANSWER_EVERY) return;
    this.answeredAt = this.clock();
    this.revealed = "";
    await this.share();
  }

  private say(message: Message): void {
    this.around.send(JSON.stringify(message));
  }

  private async tell(): Promise<void> {
    const code = this.safety.mode === "off" || this.members.length < 2 ? "" : await this.rounds.code(this.round, this.members);
    this.safety = { ...this.safety, code };
    this.around.changed(this.safety);
  }

  /** One thing after the other, in the order things came; a flood is dropped, and asked for again. */
  private inTurn(task: () => Promise<void> | void): void {
    if (this.waiting >= MOST_WAITING) return;
    this.waiting += 1;
    this.work = this.work
      .then(task)
      .catch((error: unknown) => console.warn("end-to-end encryption", error))
      .finally(() => void (this.waiting -= 1));
  }
}

export const proofOf = async (meeting: string, key: Bytes): Promise<string> => (await sha256("hemmaplan-proof-1", meeting, encode(key))).slice(0, 22);

const newKey = (): Bytes => crypto.getRandomValues(new Uint8Array(SENDER_KEY_BYTES));
