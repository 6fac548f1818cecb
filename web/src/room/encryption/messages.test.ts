import { describe, expect, it } from "vitest";
import { LONGEST, read } from "./messages.js";

const share = { kind: "share", round: "r", generation: 1, commitment: "c", keys: { b: "n.s" } };
const text = (value: unknown): string => JSON.stringify(value);

describe("a message", () => {
  it.each([share, { kind: "reveal", round: "r", nonce: "n" }, { kind: "ask", of: ["b"] }])("is read: $kind", (message) => {
    expect(read(text({ ...message, more: 1 }))).toEqual(message);
  });

  it.each([
    ["", null], ["null", null], ["[]", null], ["{", null], [text({ kind: "key" }), null], [text({ ...share, generation: 0 }), null], [text({ ...share, generation: 1.5 }), null],
    [text({ ...share, generation: 2 ** 31 }), null], [text({ ...share, generation: "1" }), null], [text({ ...share, round: "" }), null], [text({ ...share, keys: null }), null],
    [text({ ...share, keys: { b: 7 } }), null], [text({ ...share, keys: { b: "x".repeat(129) } }), null], [text({ ...share, commitment: "x".repeat(129) }), null],
    [text({ ...share, keys: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`k${at}`, "x"])) }), null], [text({ kind: "ask", of: "b" }), null],
    [text({ kind: "ask", of: Array(33).fill("b") }), null], [text({ kind: "reveal", round: "r" }), null], [`${text(share)}${" ".repeat(LONGEST)}`, null],
  ])("is dropped: %.60s", (body, nothing) => {
    expect(read(body)).toBe(nothing);
  });
});
