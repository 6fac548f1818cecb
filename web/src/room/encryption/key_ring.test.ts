// @vitest-environment node
import { KeyProviderEvent, type KeyInfo } from "livekit-client";
import { beforeEach, describe, expect, it } from "vitest";
import { KeyRing } from "./key_ring.js";

const key = (byte: number): Uint8Array<ArrayBuffer> => new Uint8Array(32).fill(byte);

describe("the ring", () => {
  let ring: KeyRing;
  let told: [string | undefined, number | undefined, boolean][];
  const gone: string[] = [];

  beforeEach(() => {
    ring = new KeyRing((identity) => gone.push(identity));
    told = [];
    ring.on(KeyProviderEvent.SetKey, (info: KeyInfo, current: boolean) => told.push([info.participantIdentity, info.keyIndex, current]));
  });

  it("is one for each participant, never ratchets, and never gives a key up", () => {
    expect(ring.getOptions()).toMatchObject({ sharedKey: false, ratchetWindowSize: 0, failureTolerance: -1, keyringSize: 16 });
  });

  it("sends with the newest key, and goes round after sixteen", async () => {
    await ring.own("me", key(1), 1);
    await ring.own("me", key(2), 17);
    await ring.own("me", key(3), 18);
    expect(told).toEqual([["me", 1, true], ["me", 1, true], ["me", 2, true]]);
    expect(ring.getLatestManuallySetKeyIndex()).toBe(2);
    expect(ring.getKeys().map((one) => one.keyIndex)).toEqual([2]);
  });

  it("holds the others' keys so that nobody can read them back", async () => {
    await ring.other("karin", key(1), 5);
    const [held] = ring.getKeys();
    expect(held?.key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("raw", held?.key as CryptoKey)).rejects.toThrow();
  });

  it("puts a key nobody knows in an old one's place, once", async () => {
    await ring.other("karin", key(1), 5);
    await ring.retire("karin", 5);
    await ring.retire("karin", 5);
    expect(told).toEqual([["karin", 5, true], ["karin", 5, false]]);
    expect(ring.getKeys()).toEqual([]);
  });

  it("forgets whoever has gone, and nobody else", async () => {
    await ring.other("karin", key(1), 5);
    await ring.other("karin", key(2), 6);
    await ring.other("per", key(3), 1);
    await ring.forget("karin");
    expect(ring.getKeys().map((one) => one.participantIdentity)).toEqual(["per"]);
    expect(gone).toEqual(["karin"]);
  });
});
