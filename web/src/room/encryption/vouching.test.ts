// @vitest-environment node
import { beforeAll, describe, expect, it } from "vitest";
import { person } from "../state.sample.js";
import { Service } from "./sample.js";
import { Vouchings } from "./vouching.js";
import { KeyPair } from "./wrapping.js";

let service: Service;
let vouchings: Vouchings;
let key: string;
const karin = person("karin", "Karin Edlund");

beforeAll(async () => {
  service = await Service.open();
  vouchings = await Vouchings.open(service.signer, "m");
  key = (await KeyPair.make()).publicKey;
});

const check = (vouching: string | null, one = karin) => vouchings.check({ ...one, vouching });

describe("a vouching", () => {
  it("gives the key of the seat it is for", async () => {
    expect(await check(await service.vouch(karin, key))).toMatchObject({ identity: "seat-karin", name: "Karin Edlund", key, allowedBy: null });
  });

  it("names the leader who lets somebody take part without", async () => {
    expect(await check(await service.vouch(karin, null))).toMatchObject({ key: null, allowedBy: "Anna Sjödin" });
  });

  it.each([
    ["another meeting", { meeting: "other" }], ["another participant", { participant: "per" }], ["another seat", { identity: "seat-per" }],
    ["another name", { name: "Per Wiklund" }], ["another identification", { method: "none" }], ["the home's seat", { home: true }],
    ["another format", { format: "hemmaplan-vouching-0" }], ["a short key", { key: "AAAA" }], ["a key and a leader's word", { allowed_by: "Anna" }],
    ["neither key nor leader's word", { key: null, allowed_by: null }], ["no name", { name: "" }], ["a name that is no text", { name: 7 }],
  ])("does not hold for %s", async (_what, changes) => {
    expect(await check(await service.vouch(karin, key, changes))).toBeNull();
  });

  it("does not hold when somebody else has signed it, or when it was changed", async () => {
    const good = await service.vouch(karin, key);
    const [body = "", signature = ""] = good.split(".");
    const [otherBody = ""] = (await service.vouch(karin, (await KeyPair.make()).publicKey)).split(".");
    expect(await check(await (await Service.open()).vouch(karin, key))).toBeNull();
    expect(await check(`${otherBody}.${signature}`)).toBeNull();
    for (const bad of [null, "", ".", body, `${body}.`, `${good}.x`, `${body}.${signature.slice(0, -1)}`, `${body}!.${signature}`, "x".repeat(9000), 7]) {
      expect(await check(bad as string | null)).toBeNull();
    }
  });

  it("cannot be read from what is signed but is no statement", async () => {
    expect(await check(await service.sign([]))).toBeNull();
    expect(await check(await service.sign({ format: "hemmaplan-vouching-1" }))).toBeNull();
  });

  it("cannot be checked with what is no key", async () => {
    await expect(Vouchings.open("", "m")).rejects.toThrow();
    await expect(Vouchings.open("%", "m")).rejects.toThrow();
  });
});
