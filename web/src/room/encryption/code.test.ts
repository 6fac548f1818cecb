// @vitest-environment node
import { describe, expect, it } from "vitest";
import { codeOf, commitmentOf, MOST_ROUNDS, roundOf, Rounds, type Member } from "./code.js";

const members: Member[] = [{ identity: "a", key: "A" }, { identity: "b", key: "B" }];

async function meet(round: string): Promise<{ a: Rounds; b: Rounds }> {
  const a = new Rounds("a");
  const b = new Rounds("b");
  const [first, second] = [await a.enter(round), await b.enter(round)];
  a.committed(round, "b", second);
  b.committed(round, "a", first);
  await a.revealed(round, "b", b.toReveal(round, members) ?? "");
  await b.revealed(round, "a", a.toReveal(round, members) ?? "");
  return { a, b };
}

describe("the code", () => {
  it("is the same six digits on all screens, and another in another round", async () => {
    const codes = new Set<string | null>();
    for (let turn = 0; turn < 5; turn += 1) {
      const { a, b } = await meet("r");
      const code = await a.code("r", members);
      expect(code).toMatch(/^\d{6}$/);
      expect(await b.code("r", members)).toBe(code);
      codes.add(code);
    }
    expect(codes.size).toBeGreaterThan(1);
  });

  it("hangs on the meeting, every identity and every key, not on their order", async () => {
    const round = await roundOf("m", members);
    expect(await roundOf("m", [...members].reverse())).toBe(round);
    for (const other of [await roundOf("n", members), await roundOf("m", members.slice(1)), await roundOf("m", [{ identity: "a", key: "X" }, { identity: "b", key: "B" }])]) {
      expect(other).not.toBe(round);
    }
  });

  it("keeps our number back until everybody has bound themselves", async () => {
    const rounds = new Rounds("a");
    await rounds.enter("r");
    expect(rounds.toReveal("r", members)).toBeNull();
    rounds.committed("r", "b", "c");
    expect(rounds.toReveal("r", members)).not.toBeNull();
    expect(rounds.toReveal("unknown", members)).toBeNull();
  });

  it("does not agree with a number that nobody had bound themselves to", async () => {
    const rounds = new Rounds("a");
    await rounds.enter("r");
    rounds.committed("r", "b", await commitmentOf("r", "b", "mine"));
    await rounds.revealed("r", "b", "another");
    expect(await rounds.code("r", members)).toBeNull();
  });

  it("takes the first commitment only, also one that came before the round", async () => {
    const rounds = new Rounds("a");
    rounds.committed("r", "b", await commitmentOf("r", "b", "first"));
    rounds.committed("r", "b", await commitmentOf("r", "b", "second"));
    rounds.committed("r", "a", "in our own name");
    await rounds.enter("r");
    await rounds.revealed("r", "b", "first");
    expect(await rounds.code("r", members)).toMatch(/^\d{6}$/);
  });

  it("is not made of a number without a commitment", async () => {
    const rounds = new Rounds("a");
    await rounds.enter("r");
    await rounds.revealed("r", "b", "number");
    expect(await rounds.code("r", members)).toBe("");
    expect(rounds.missing("r", members)).toEqual(["b"]);
  });

  it("keeps what was bound when the same people are together again", async () => {
    const rounds = new Rounds("a");
    const first = await rounds.enter("r");
    await rounds.enter("s");
    expect(await rounds.enter("r")).toBe(first);
    for (let other = 0; other < 3 * MOST_ROUNDS; other += 1) {
      await rounds.enter(`t${other}`);
      if (other % 100 === 0) expect(await rounds.enter("r")).toBe(first); // in use: not forgotten, however many others there were
    }
    for (let other = 0; other < MOST_ROUNDS; other += 1) await rounds.enter(`u${other}`);
    for (let other = 0; other < 40; other += 1) rounds.committed(`v${other}`, "b", "c");
    expect(await rounds.enter("r")).not.toBe(first); // bounded: forgotten after many
  });

  it("is none, rather than another one, where somebody has forgotten the round that we remember", async () => {
    const { a } = await meet("r");
    expect(await a.code("r", members)).toMatch(/^\d{6}$/);
    a.committed("r", "b", await new Rounds("b").enter("r"));
    expect(await a.code("r", members)).toBe("");
    // An honest page of theirs says the same again, and nothing is lost.
    const again = await meet("r");
    again.a.committed("r", "b", await again.b.enter("r"));
    expect(await again.a.code("r", members)).toBe(await again.b.code("r", members));
  });

  it("has leading zeros", async () => {
    for (let turn = 0; turn < 40; turn += 1) expect(await codeOf("r", new Map([["a", String(turn)]]))).toHaveLength(6);
  });
});
