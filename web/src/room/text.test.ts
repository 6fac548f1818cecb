import { describe, expect, it } from "vitest";
import { clean, decodeHand, decodeLine, EMPTY, encode, KEPT, LONGEST, withFailed, withLine, withMessage, withoutPerson, type Message } from "./text.js";

const message = (id: string, changes: Partial<Message> = {}): Message => ({ id, from: "x", name: "Karin", text: "Hej", at: new Date(0), mine: false, failed: false, ...changes });
const line = (number: number, text: string, of = "1") => ({ from: "x", name: "Karin", line: of, number, text });

describe("messages", () => {
  it("counts what is not read, once each", () => {
    let text = withMessage(EMPTY, message("1"), false);
    text = withMessage(text, message("1"), false);
    text = withMessage(text, message("2", { mine: true }), false);
    expect(text.unread).toBe(1);
    expect(withMessage(EMPTY, message("3"), true).unread).toBe(0);
  });

  it("keeps a bounded number, each of a bounded length and without control characters", () => {
    let text = EMPTY;
    for (let at = 0; at < KEPT + 10; at += 1) text = withMessage(text, message(String(at)), false);
    expect(text.messages).toHaveLength(KEPT);
    expect(clean("a\u0000b\u202ec\nd")).toBe("abc\nd");
    expect(clean("x".repeat(LONGEST + 1))).toHaveLength(LONGEST);
  });

  it("marks the one that did not arrive", () => {
    const text = withFailed(withMessage(EMPTY, message("1", { mine: true }), true), "1");
    expect(text.messages[0]?.failed).toBe(true);
  });
});

describe("real-time text", () => {
  it("shows the newest line and ignores late packets", () => {
    let text = withLine(EMPTY, line(1, "H"));
    text = withLine(text, line(3, "Hej"));
    text = withLine(text, line(2, "He"));
    expect(text.lines.map((one) => one.text)).toEqual(["Hej"]);
  });

  it("goes when it is emptied, sent as a message, or the writer leaves", () => {
    const text = withLine(EMPTY, line(1, "Hej"));
    expect(withLine(text, line(2, "")).lines).toEqual([]);
    expect(withMessage(text, message("1"), false).lines).toEqual([]);
    expect(withoutPerson(text, "x").lines).toEqual([]);
  });

  it.each([["{}"], ["null"], ["[1]"], ["not json"], ['{"line":1,"number":1,"text":""}'], ['{"line":"1","number":1.5,"text":""}'], [`{"line":"${"x".repeat(65)}","number":1,"text":""}`], [`"${"x".repeat(16_000)}"`]])("drops %.40s", (payload) => {
    expect(decodeLine(new TextEncoder().encode(payload))).toBeNull();
  });

  it("reads what it writes", () => {
    expect(decodeLine(encode({ line: "1", number: 2, text: "å" }))).toEqual({ line: "1", number: 2, text: "å" });
    expect(decodeHand(encode({ up: true }))).toBe(true);
    expect(decodeHand(encode({ up: "yes" }))).toBeNull();
  });
});
