// @vitest-environment node
import { beforeAll, describe, expect, it } from "vitest";
import { decode, encode } from "./base64url.js";
import { KeyPair, type Context } from "./wrapping.js";

let anna: KeyPair;
let karin: KeyPair;
let per: KeyPair;
let context: Context;
const secret = Uint8Array.from({ length: 32 }, (_, at) => at);

beforeAll(async () => {
  [anna, karin, per] = await Promise.all([KeyPair.make(), KeyPair.make(), KeyPair.make()]);
  context = { meeting: "m", sender: "a", receiver: "k", senderKey: anna.publicKey, receiverKey: karin.publicKey, generation: 1 };
});

describe("a wrapped key", () => {
  it("opens for the one it is for", async () => {
    expect(await karin.unwrap(await anna.wrap(secret, context), context)).toEqual(secret);
  });

  it("is another each time", async () => {
    expect(await anna.wrap(secret, context)).not.toBe(await anna.wrap(secret, context));
  });

  it("does not open for anybody else", async () => {
    const wrapped = await anna.wrap(secret, context);
    expect(await per.unwrap(wrapped, context)).toBeNull();
    expect(await per.unwrap(wrapped, { ...context, receiverKey: per.publicKey })).toBeNull();
  });

  it("cannot be made by anybody else in the sender's name", async () => {
    expect(await karin.unwrap(await per.wrap(secret, context), context)).toBeNull();
    // Not even by the receiver's own key reflected.
    expect(await karin.unwrap(await karin.wrap(secret, context), context)).toBeNull();
  });

  it.each([
    ["meeting", { meeting: "n" }], ["sender", { sender: "p" }], ["receiver", { receiver: "p" }], ["generation", { generation: 2 }], ["a name moved over", { sender: "a\nk", receiver: "" }],
  ])("belongs to one context: %s", async (_what, changes) => {
    expect(await karin.unwrap(await anna.wrap(secret, context), { ...context, ...changes })).toBeNull();
  });

  it("does not open when it was changed", async () => {
    const [nonce = "", sealed = ""] = (await anna.wrap(secret, context)).split(".");
    const bytes = decode(sealed) as Uint8Array;
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    for (const bad of [`${nonce}.${encode(bytes)}`, `${nonce}.`, sealed, `${nonce}.${sealed}.x`, `${nonce.slice(0, 8)}.${sealed}`, "", "%.%"]) expect(await karin.unwrap(bad, context)).toBeNull();
  });

  it("is not made for what is no point of the curve", async () => {
    const wrong = decode(karin.publicKey) as Uint8Array;
    wrong[40] = (wrong[40] ?? 0) ^ 1;
    await expect(anna.wrap(secret, { ...context, receiverKey: encode(wrong) })).rejects.toThrow();
    await expect(anna.wrap(secret, { ...context, receiverKey: "AAAA" })).rejects.toThrow();
    await expect(anna.wrap(secret.slice(1), context)).rejects.toThrow();
    expect(await karin.unwrap(await anna.wrap(secret, context), { ...context, senderKey: encode(wrong) })).toBeNull();
  });
});
