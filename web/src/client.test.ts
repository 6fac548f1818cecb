import { describe, expect, it } from "vitest";
import { backOff, Events, MeetingClient, Problem, type Connection, type Shut, type Surroundings } from "./client.js";
import type { MeetingEvent } from "./meeting.js";

const STATE = { meeting: { status: "open" }, me: { state: "waiting" }, participants: [], invited: [] };

class FakeSocket extends EventTarget {
  readyState = 1;
  readonly sent: string[] = [];
  closed = false;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
  }
  hear(value: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data: typeof value === "string" ? value : JSON.stringify(value) }));
  }
  drop(code = 1006): void {
    const event = new Event("close");
    Object.defineProperty(event, "code", { value: code });
    this.dispatchEvent(event);
  }
}

class Around implements Surroundings {
  readonly sockets: FakeSocket[] = [];
  readonly urls: string[] = [];
  readonly asked: { url: string; init: RequestInit }[] = [];
  readonly timers: { milliseconds: number; run: () => void; on: boolean }[] = [];
  readonly patience = 1000;
  answer: () => Promise<Response> = async () => Response.json({});
  random = (): number => 0.5;
  fetch = (url: string, init: RequestInit): Promise<Response> => {
    this.asked.push({ url, init });
    return this.answer();
  };
  socket = (url: string): WebSocket => {
    this.urls.push(url);
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  };
  after = (milliseconds: number, run: () => void): (() => void) => {
    const timer = { milliseconds, run, on: true };
    this.timers.push(timer);
    return () => void (timer.on = false);
  };
  /** Runs the timers that wait, of at most this length. */
  pass(longest: number): number[] {
    const due = this.timers.filter((one) => one.on && one.milliseconds <= longest);
    for (const one of due) {
      one.on = false;
      one.run();
    }
    return due.map((one) => one.milliseconds);
  }
}

function client(): { around: Around; meeting: MeetingClient } {
  const around = new Around();
  return { around, meeting: new MeetingClient("m 1", around, "https://hemmaplan.example") };
}

describe("requests", () => {
  it("gives the token to whoever is let in", async () => {
    const { around, meeting } = client();
    around.answer = async () => Response.json({ server_url: "wss://hemmaplan.example", participant_token: "t", identity: "seat" });
    expect(await meeting.join(true, "key", false)).toEqual({ kind: "token", serverUrl: "wss://hemmaplan.example", token: "t", identity: "seat" });
    expect(around.asked[0]?.url).toBe("https://hemmaplan.example/api/v1/meetings/m%201/join");
    expect(around.asked[0]?.init.body).toBe('{"home":true,"key":"key","unencrypted":false}');
  });

  it.each([["waiting"], ["early"]])("knows the answer %s", async (state) => {
    const { around, meeting } = client();
    around.answer = async () => Response.json({ state }, { status: 202 });
    expect(await meeting.join(false, null, false)).toEqual({ kind: state });
  });

  it("turns problem details into an error that can be told", async () => {
    const { around, meeting } = client();
    around.answer = async () =>
      Response.json({ type: "https://hemmaplan.example/problems/removed", title: "Utanför", detail: "Du är inte längre med i mötet." }, { status: 403 });
    const problem = await meeting.join(false, null, false).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 403, code: "removed", detail: "Du är inte längre med i mötet.", passing: false });
  });

  it("survives an answer that is no JSON", async () => {
    const { around, meeting } = client();
    around.answer = async () => new Response("<h1>Bad gateway</h1>", { status: 502 });
    await expect(meeting.end()).rejects.toMatchObject({ status: 502, code: "http-502", passing: true });
  });

  it("calls no answer a passing problem, and gives up after its patience", async () => {
    const { around, meeting } = client();
    around.answer = () => Promise.reject(new TypeError("failed"));
    await expect(meeting.leave()).rejects.toMatchObject({ status: 0, code: "network", passing: true });
    around.answer = () =>
      new Promise((_, reject) => around.asked.at(-1)?.init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    const slow = meeting.leave();
    around.pass(1000);
    await expect(slow).rejects.toMatchObject({ code: "network" });
  });

  it("tells of a weak network and hears what the log holds", async () => {
    const around = new Around();
    around.answer = async () => Response.json({ weak: true });
    expect(await new MeetingClient("m", around, "https://x").network(false)).toBe(true);
    expect(around.asked[0]?.url).toBe("https://x/api/v1/meetings/m/network");
    expect(around.asked[0]?.init.body).toBe('{"weak":false}');
  });

  it("refuses a token answer without a token", async () => {
    const { around, meeting } = client();
    around.answer = async () => Response.json({ server_url: "wss://x" });
    await expect(meeting.join(false, null, false)).rejects.toMatchObject({ code: "unreadable" });
  });
});

describe("events", () => {
  function follow(): { around: Around; events: Events; heard: MeetingEvent[]; connections: Connection[]; shut: Shut[] } {
    const { around, meeting } = client();
    const heard: MeetingEvent[] = [];
    const connections: Connection[] = [];
    const shut: Shut[] = [];
    const events = meeting.events((event) => heard.push(event), (connection) => connections.push(connection), (why) => shut.push(why));
    return { around, events, heard, connections, shut };
  }

  it("opens the meeting's socket and passes on what is told", () => {
    const { around, heard, connections } = follow();
    expect(around.urls).toEqual(["wss://hemmaplan.example/api/v1/meetings/m%201/events"]);
    around.sockets[0]?.hear({ event: "state", at: "2026-11-24T09:00:00Z", participant: null, state: STATE });
    expect(heard[0]?.state.me.state).toBe("waiting");
    expect(connections).toEqual(["connecting", "open"]);
  });

  it.each([["not json"], ['{"event":"state"}'], ["[]"], ["null"], ['{"event":"state","state":{"meeting":{},"me":{}}}'], [`"${"x".repeat(1_000_001)}"`]])("drops what it cannot read: %.30s", (text) => {
    const { around, heard } = follow();
    around.sockets[0]?.hear(text);
    expect(heard).toEqual([]);
  });

  it("comes back with a longer and longer wait, and begins anew after a snapshot", () => {
    const { around, connections } = follow();
    around.sockets[0]?.drop();
    expect(around.pass(11_000)).toEqual([300]);
    around.sockets[1]?.drop();
    expect(around.pass(11_000)).toEqual([600]);
    around.sockets[2]?.hear({ event: "state", at: "", participant: null, state: STATE });
    around.sockets[2]?.drop();
    expect(around.pass(500)).toEqual([300]);
    expect(connections.filter((one) => one === "open")).toHaveLength(1);
    expect(connections.at(-1)).toBe("lost");
  });

  it("asks a silent line whether it lives, and gives it up where the server is known to answer", () => {
    const { around } = follow();
    const [first] = around.sockets;
    first?.hear({ type: "pong" });
    around.pass(Events.silence);
    expect(first?.sent).toEqual(['{"type":"ping"}']);
    around.pass(Events.silence / 2);
    expect(first?.closed).toBe(true);
    around.pass(400);
    expect(around.sockets).toHaveLength(2);
  });

  it.each([[4401, "logged-out"], [4403, "out"], [4404, "unknown"], [4409, "elsewhere"], [4410, "ended"]])("stays away after %i", (code, why) => {
    const { around, shut } = follow();
    around.sockets[0]?.drop(code);
    expect(shut).toEqual([why]);
    expect(around.pass(100_000)).toEqual([]);
  });

  it("tries at once when the network is back, and never after close", () => {
    const { around, events } = follow();
    around.sockets[0]?.drop();
    events.hurry();
    expect(around.sockets).toHaveLength(2);
    events.close();
    around.sockets[1]?.drop();
    events.hurry();
    around.pass(100_000);
    expect(around.sockets).toHaveLength(2);
  });
});

it("bounds the wait at ten seconds, spread by at most 15 % each way", () => {
  expect(backOff(0, () => 0.5)).toBe(300);
  expect(backOff(50, () => 0)).toBe(8500);
  expect(backOff(50, () => 1)).toBe(11_500);
});
