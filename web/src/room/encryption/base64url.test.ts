import { expect, it } from "vitest";
import { decode, encode } from "./base64url.js";

it("writes and reads bytes", () => {
  for (let length = 0; length < 70; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 37 + length) % 256);
    expect(decode(encode(bytes))).toEqual(bytes);
  }
});

it.each(["a", "ab+/", "ab==", "å", "QR", "ab cd"])("reads one spelling only, not %s", (text) => {
  expect(decode(text)).toBeNull();
});
