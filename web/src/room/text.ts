/**
 * Text in the meeting: messages (LiveKit text streams, topic `chat`) and real-time text (EN 301 549 6.2: characters seen as
 * they are typed, topic `rtt`). A real-time packet carries the whole line and a number, so a lost or late one does no harm.
 */

export const CHAT_TOPIC = "chat";
export const LINE_TOPIC = "rtt";
export const HAND_TOPIC = "hand";
/** Characters in one message, and messages kept. */
export const LONGEST = 2000;
export const KEPT = 500;
/** Most often a line is sent, milliseconds (ITU-T T.140 buffers 300 ms; EN 301 549 6.2.4 allows 500). */
export const LINE_EVERY = 300;

export interface Message {
  readonly id: string;
  readonly from: string;
  readonly name: string;
  readonly text: string;
  readonly at: Date;
  readonly mine: boolean;
  readonly failed: boolean;
}

export interface Line {
  readonly from: string;
  readonly name: string;
  readonly line: string;
  readonly number: number;
  readonly text: string;
}

export interface Text {
  readonly messages: readonly Message[];
  readonly lines: readonly Line[];
  readonly unread: number;
}

export const EMPTY: Text = { messages: [], lines: [], unread: 0 };

/** Line breaks and tabs are kept, other control characters are not; too long is cut. */
export function clean(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, "").slice(0, LONGEST);
}

export function withMessage(text: Text, message: Message, read: boolean): Text {
  if (text.messages.some((one) => one.id === message.id)) return text;
  return {
    messages: [...text.messages, { ...message, text: clean(message.text) }].slice(-KEPT),
    lines: text.lines.filter((one) => one.from !== message.from),
    unread: read || message.mine ? text.unread : text.unread + 1,
  };
}

export const withFailed = (text: Text, id: string): Text => ({
  ...text,
  messages: text.messages.map((one) => (one.id === id ? { ...one, failed: true } : one)),
});

/** An older packet of the same line changes nothing; an empty one takes the line away. */
export function withLine(text: Text, line: Line): Text {
  const old = text.lines.find((one) => one.from === line.from);
  if (old && old.line === line.line && old.number >= line.number) return text;
  const others = text.lines.filter((one) => one.from !== line.from).slice(-20);
  return { ...text, lines: line.text === "" ? others : [...others, { ...line, text: clean(line.text) }] };
}

export const withoutPerson = (text: Text, identity: string): Text => ({ ...text, lines: text.lines.filter((one) => one.from !== identity) });

export interface LinePacket {
  readonly line: string;
  readonly number: number;
  readonly text: string;
}

export const encode = (value: object): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

export function decodeLine(payload: Uint8Array): LinePacket | null {
  const value = decode(payload);
  if (!value) return null;
  const { line, number, text } = value;
  if (typeof line !== "string" || line.length > 64 || typeof number !== "number" || !Number.isSafeInteger(number) || typeof text !== "string") return null;
  return { line, number, text };
}

export function decodeHand(payload: Uint8Array): boolean | null {
  const up = decode(payload)?.["up"];
  return typeof up === "boolean" ? up : null;
}

function decode(payload: Uint8Array): Record<string, unknown> | null {
  if (payload.byteLength > 16_000) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
