/** For tests: a meeting service that vouches as the real one does, and seats that hear each other through it. */

import type { Participant, State } from "../../meeting.js";
import { person, state } from "../state.sample.js";
import { encode, utf8, type Bytes } from "./base64url.js";
import { Encryption, STARTING, type Ring, type Safety } from "./encryption.js";
import { FORMAT, signedBytes } from "./vouching.js";

export class Service {
  private constructor(
    private readonly keys: CryptoKeyPair,
    readonly signer: string,
  ) {}

  static async open(): Promise<Service> {
    const keys = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
    return new Service(keys, encode(await crypto.subtle.exportKey("raw", keys.publicKey)));
  }

  async sign(statement: object): Promise<string> {
    const body = utf8(JSON.stringify(statement));
    return `${encode(body)}.${encode(await crypto.subtle.sign("Ed25519", this.keys.privateKey, signedBytes(body)))}`;
  }

  async vouch(one: Participant, key: string | null, changes: object = {}): Promise<string> {
    return this.sign({
      format: FORMAT, meeting: "m", participant: one.id, identity: one.identity, name: one.person_name, method: one.method, home: one.home,
      key, allowed_by: key === null ? "Anna Sjödin" : null, ...changes,
    });
  }
}

export class FakeRing implements Ring {
  readonly keys = new Map<string, string>();
  readonly gone: string[] = [];
  async own(identity: string, key: Bytes, generation: number): Promise<void> {
    this.keys.set(`${identity} own`, `${generation} ${encode(key)}`);
  }
  async other(identity: string, key: Bytes, generation: number): Promise<void> {
    this.keys.set(identity, `${generation} ${encode(key)}`);
  }
  async retire(identity: string, generation: number): Promise<void> {
    this.gone.push(`${identity} ${generation}`);
  }
  async forget(identity: string): Promise<void> {
    this.keys.delete(identity);
    this.gone.push(identity);
  }
}

export interface SampleSeat {
  readonly one: Participant;
  readonly encryption: Encryption;
  readonly ring: FakeRing;
  readonly said: string[];
  safety: Safety;
}

/** A room of seats: what one says the others hear, as the service passes it on. */
export class SampleRoom {
  readonly seats: SampleSeat[] = [];
  /** Changes or drops (null) what is on its way. */
  wire: (from: string, to: string, body: string) => string | null = (_from, _to, body) => body;

  constructor(readonly service: Service) {}

  async sit(name: string, changes: Partial<Participant> = {}): Promise<SampleSeat> {
    const base = person(name.toLowerCase(), name, changes);
    const ring = new FakeRing();
    const said: string[] = [];
    const send = (body: string): void => {
      said.push(body);
      for (const other of this.seats) {
        const passed = other === seat ? null : this.wire(base.identity ?? "", other.one.identity ?? "", body);
        if (passed !== null) other.encryption.received(base.identity ?? "", passed);
      }
    };
    const changed = (safety: Safety): void => void (seat.safety = safety);
    const encryption = await Encryption.begin("m", this.service.signer, { ring, send, changed }, () => Date.now());
    const one = { ...base, vouching: await this.service.vouch(base, encryption.publicKey) };
    const seat: SampleSeat = { one, encryption, ring, said, safety: STARTING };
    await encryption.seated(base.identity ?? "");
    this.seats.push(seat);
    return seat;
  }

  leave(seat: SampleSeat): void {
    this.seats.splice(this.seats.indexOf(seat), 1);
  }

  stateFor(seat: SampleSeat, others: readonly Participant[] = []): State {
    const all = [...this.seats.map((each) => each.one), ...others];
    // Who came by a code sees those who lead, until recognised (`rooms.view`).
    return state(seat.one, seat.one.unrecognised ? all.filter((one) => one === seat.one || one.host || one.co_host) : all);
  }

  /** Everybody hears who is here. */
  tell(...others: Participant[]): void {
    for (const seat of this.seats) seat.encryption.heard(this.stateFor(seat, others));
  }

  /** Until nothing is under way any more. */
  async quiet(): Promise<void> {
    for (let round = 0; round < 12; round += 1) await Promise.all(this.seats.map((seat) => seat.encryption.settled));
  }
}
