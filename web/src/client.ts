/**
 * The meeting client, without a DOM: REST calls, the event socket with bounded back-off, and errors a person can be told.
 *
 * Every reconnect of the socket begins with a whole snapshot (event "state"), so nothing is lost by having been away.
 */

import { isMeetingEvent, isState, type HomePerson, type MeetingEvent, type State } from "./meeting.js";

/** A refusal by the server (RFC 9457 problem details), or no answer at all (`status` 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    /** Last part of the problem's `type`, for example `too-early`; "network" without an answer. */
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${status} ${code}`);
    this.name = "Problem";
  }

  /** Whether asking again later may succeed without anybody doing anything. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  text(member: string): string | null {
    const value = this.members[member];
    return typeof value === "string" ? value : null;
  }
}

export type Joined =
  | { readonly kind: "token"; readonly serverUrl: string; readonly token: string; readonly identity: string }
  | { readonly kind: "waiting" }
  /** The waiting room has not opened; the page may stay open. */
  | { readonly kind: "early" };

export type Connection = "connecting" | "open" | "lost";

/** Why the server shut the event socket for good (its close codes, `signaling/meeting_socket.py`). */
export type Shut = "logged-out" | "out" | "unknown" | "elsewhere" | "ended";

const SHUT: Readonly<Record<number, Shut>> = { 4401: "logged-out", 4403: "out", 4404: "unknown", 4409: "elsewhere", 4410: "ended" };

/** What the client needs from its surroundings; the browser's own by default, fakes in tests. */
export interface Surroundings {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly socket: (url: string) => WebSocket;
  readonly random: () => number;
  readonly after: (milliseconds: number, run: () => void) => () => void;
  /** Longest wait for an answer, milliseconds. */
  readonly patience: number;
}

export function browserSurroundings(): Surroundings {
  return {
    fetch: (input, init) => fetch(input, init),
    socket: (url) => new WebSocket(url),
    random: Math.random,
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
    patience: 15_000,
  };
}

/** Milliseconds before attempt number `attempt` (0 first): 0.3 s doubled up to 10 s, spread by 30 % so a ward does not return as one. */
export function backOff(attempt: number, random: () => number): number {
  const base = Math.min(10_000, 300 * 2 ** Math.min(attempt, 8));
  return Math.round(base * (0.85 + 0.3 * random()));
}

export async function problemOf(response: Response): Promise<Problem> {
  let members: Record<string, unknown> = {};
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null) members = body as Record<string, unknown>;
  } catch {
    // A proxy's HTML page, say: the status alone has to do.
  }
  const word = (name: string): string => (typeof members[name] === "string" ? (members[name] as string) : "");
  const code = word("code") || word("type").replace(/\/+$/, "").split(/[/:#]/).at(-1) || `http-${response.status}`;
  return new Problem(response.status, code, word("title"), word("detail"), members);
}

export class MeetingClient {
  private readonly base: string;

  constructor(
    readonly meeting: string,
    private readonly surroundings: Surroundings = browserSurroundings(),
    private readonly origin: string = "",
  ) {
    this.base = `${origin}/api/v1/meetings/${encodeURIComponent(meeting)}`;
  }

  async state(): Promise<State> {
    const body = await this.call("GET", "");
    const state = isState(body) ? body : (body as { state?: unknown } | null)?.state;
    if (!isState(state)) throw new Problem(502, "unreadable", "", "");
    return state;
  }

  /**
   * Asks to come in: a token at once for the host and whoever is admitted, else a place in the waiting room.
   * `key`: our public key, null where the browser cannot encrypt end to end; `unencrypted`: one who leads goes in all the same.
   */
  async join(home: boolean, key: string | null, unencrypted: boolean): Promise<Joined> {
    const body = (await this.call("POST", "/join", { home, key, unencrypted })) as Record<string, unknown> | null;
    const url = body?.["server_url"];
    const token = body?.["participant_token"];
    const identity = body?.["identity"];
    if (typeof url === "string" && typeof token === "string" && typeof identity === "string") return { kind: "token", serverUrl: url, token, identity };
    if (body?.["state"] === "waiting") return { kind: "waiting" };
    if (body?.["state"] === "early") return { kind: "early" };
    throw new Problem(502, "unreadable", "", "");
  }

  start = (): Promise<unknown> => this.call("POST", "/start");
  end = (): Promise<unknown> => this.call("POST", "/end");
  ready = (ready: boolean): Promise<unknown> => this.call("POST", "/ready", { ready });
  leave = (): Promise<unknown> => this.call("POST", "/leave");
  /** `unencrypted`: also where their browser cannot encrypt end to end. */
  admit = (participant: string, unencrypted = false): Promise<unknown> =>
    this.call("POST", `/lobby/${encodeURIComponent(participant)}/admit`, { unencrypted });
  /** Not final: "not yet", the person keeps waiting and is told so. Final: out of the waiting room until invited again. */
  deny = (participant: string, final: boolean): Promise<unknown> =>
    this.call("POST", `/lobby/${encodeURIComponent(participant)}/deny`, { final });
  admitAll = (): Promise<unknown> => this.call("POST", "/lobby/admit");
  remove = (participant: string): Promise<unknown> => this.participant(participant, "remove");
  /** What is missing of the meeting's consent, in words; "" where nothing is, or where it is not the caller's to know. */
  async consent(): Promise<string> {
    return String(((await this.call("GET", "/consent")) as Record<string, unknown> | null)?.["message"] ?? "");
  }
  handOver = (participant: string): Promise<unknown> => this.participant(participant, "host");
  recognise = (participant: string): Promise<unknown> => this.participant(participant, "recognise");
  coHost = (participant: string): Promise<unknown> => this.participant(participant, "co-host", { co_host: true });
  mute = (participant: string): Promise<unknown> => this.participant(participant, "mute");
  nameHome = (people: readonly HomePerson[]): Promise<unknown> => this.call("PUT", "/home", { people });

  /** Tells whether our network is too weak for pictures; gives what the log holds, which may be the old for a while. */
  async network(weak: boolean): Promise<boolean> {
    const body = (await this.call("POST", "/network", { weak })) as Record<string, unknown> | null;
    return body?.["weak"] === true;
  }

  events(
    onEvent: (event: MeetingEvent) => void,
    onConnection: (connection: Connection) => void,
    onShut: (why: Shut) => void,
    onPassed: (passed: Passed) => void = () => undefined,
  ): Events {
    const root = (this.origin || location.origin).replace(/^http/, "ws");
    const url = `${root}/api/v1/meetings/${encodeURIComponent(this.meeting)}/events`;
    return new Events(url, this.surroundings, onEvent, onConnection, onShut, onPassed);
  }

  private participant(participant: string, act: string, body?: object): Promise<unknown> {
    return this.call("POST", `/participants/${encodeURIComponent(participant)}/${act}`, body);
  }

  private async call(method: string, path: string, body?: object): Promise<unknown> {
    const stop = new AbortController();
    const cancel = this.surroundings.after(this.surroundings.patience, () => stop.abort());
    let response: Response;
    try {
      response = await this.surroundings.fetch(this.base + path, {
        method,
        credentials: "same-origin",
        cache: "no-store",
        signal: stop.signal,
        headers: { Accept: "application/json", ...(method === "GET" ? {} : { "Content-Type": "application/json" }) },
        ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
      });
    } catch {
      throw new Problem(0, "network", "", "");
    } finally {
      cancel();
    }
    if (!response.ok) throw await problemOf(response);
    if (response.status === 204) return null;
    try {
      return await response.json();
    } catch {
      return null;
    }
  }
}

/** The meeting's event socket: opens itself again for as long as nobody closes it. */
export class Events {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private closed = false;
  private cancelTimer: () => void = () => undefined;
  private cancelSilence: () => void = () => undefined;
  private answersPings = false;

  /** Longest silence before the line is asked whether it lives (ping), then given up; milliseconds. */
  static readonly silence = 12_000;

  constructor(
    private readonly url: string,
    private readonly surroundings: Surroundings,
    private readonly onEvent: (event: MeetingEvent) => void,
    private readonly onConnection: (connection: Connection) => void,
    private readonly onShut: (why: Shut) => void = () => undefined,
    private readonly onPassed: (passed: Passed) => void = () => undefined,
  ) {
    this.open();
  }

  close(): void {
    this.closed = true;
    this.cancelTimer();
    this.cancelSilence();
    this.socket?.close();
    this.socket = null;
  }

  /** To the other pages in the room. What cannot be sent now is lost; whoever misses it asks. */
  say(body: string): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify({ type: "encryption", body }));
  }

  /** The browser says the network is back: no need to sit out the back-off. */
  hurry(): void {
    if (this.closed || this.socket) return;
    this.cancelTimer();
    this.attempt = 0;
    this.open();
  }

  private open(): void {
    this.onConnection(this.attempt === 0 ? "connecting" : "lost");
    let socket: WebSocket;
    try {
      socket = this.surroundings.socket(this.url);
    } catch {
      this.retry();
      return;
    }
    this.socket = socket;
    this.watch(socket);
    socket.addEventListener("message", (message: MessageEvent) => {
      if (this.socket !== socket) return;
      this.watch(socket);
      const event = parse(message.data);
      if (event === "pong") this.answersPings = true;
      if (!event || event === "pong") return;
      if ("body" in event) return this.onPassed(event);
      if (event.event === "state") {
        this.attempt = 0;
        this.onConnection("open");
      }
      this.onEvent(event);
    });
    socket.addEventListener("close", (event: CloseEvent) => {
      if (this.socket !== socket) return;
      const shut = SHUT[event.code];
      if (!shut) return this.retry();
      this.close();
      this.onShut(shut);
    });
  }

  private watch(socket: WebSocket): void {
    this.cancelSilence();
    this.cancelSilence = this.surroundings.after(Events.silence, () => {
      if (this.socket !== socket) return;
      if (socket.readyState === 1) {
        socket.send(JSON.stringify({ type: "ping" }));
        this.cancelSilence = this.surroundings.after(Events.silence / 2, () => {
          if (this.socket !== socket) return;
          if (this.answersPings) this.retry();
          else this.watch(socket);
        });
      } else this.retry();
    });
  }

  private retry(): void {
    this.cancelSilence();
    const old = this.socket;
    this.socket = null;
    old?.close();
    if (this.closed) return;
    this.onConnection("lost");
    this.cancelTimer = this.surroundings.after(backOff(this.attempt, this.surroundings.random), () => this.open());
    this.attempt += 1;
  }
}

/** What another page said about keys (`room/encryption`), and in whose name the service passed it on. */
export interface Passed {
  readonly from: string;
  readonly body: string;
}

function parse(data: unknown): MeetingEvent | Passed | "pong" | null {
  if (typeof data !== "string" || data.length > 1_000_000) return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === "object" && value !== null) {
      const { type, event, from, body } = value as Record<string, unknown>;
      if (type === "pong") return "pong";
      if (event === "encryption") return typeof from === "string" && typeof body === "string" ? { from, body } : null;
    }
    return isMeetingEvent(value) ? value : null;
  } catch {
    return null;
  }
}
