/**
 * One person's way in, back and out: follows the meeting's events, asks for a seat, takes it with a media session, and comes
 * back by itself for as long as it takes. What to do next is `flow`'s decision; this class does it, one thing at a time.
 */

import { backOff, Problem, type Joined, type MeetingClient } from "../client.js";
import { leads, type MeetingEvent } from "../meeting.js";
import { t } from "../texts.js";
import { refusalWords } from "./consent.js";
import { endingOf, endingOfProblem, nextStep } from "./flow.js";
import { Following } from "./following.js";
import { STARTING } from "./encryption/encryption.js";
import { none, type SeatKeys } from "./encryption/seat_keys.js";
import type { Ending, Model } from "./model.js";
import type { Session, SessionEnd } from "./session.js";

/** Longest the media may run without a word from the meeting: after that nobody knows who is in it, and it is cut. Milliseconds. */
export const BLIND_LIMIT = 45_000;

export interface Around {
  readonly client: MeetingClient;
  readonly model: () => Model;
  readonly set: (changes: Partial<Model>) => void;
  readonly announce: (sentence: string) => void;
  /** Keys for a new seat; null where this browser cannot encrypt end to end. `say`: to the other pages in the room. */
  readonly makeKeys: (say: (body: string) => void) => Promise<SeatKeys | null>;
  readonly openSession: (keys: SeatKeys | null) => Session;
  /** A new session is connected: give it the open tracks, the volume, the loudspeaker. */
  readonly seated: (session: Session) => void;
  /** Devices for a way in, from the beginning. */
  readonly openDevices: () => void;
  /** It is over: close devices, say so. */
  readonly ended: () => void;
  /** The meeting's word has come into the model; `before` it was another. */
  readonly heard: (before: Model["state"], event: MeetingEvent) => void;
  readonly refresh: () => void;
  readonly random?: () => number;
  readonly clock?: () => number;
}

export class Entry {
  private readonly following: Following;
  private current: Session | null = null;
  private prepared = false;
  private came = false;
  private acting = false;
  private keys: SeatKeys | null = null;
  /** One who leads has decided to go in although this browser cannot encrypt end to end. */
  private unencrypted = false;
  private attempt = 0;
  /** Which way in this is: what began in an earlier one has nothing to say any more. */
  private way = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly around: Around) {
    this.following = new Following(
      {
        client: around.client,
        heard: (event) => this.heard(event),
        passed: ({ from, body }) => this.keys?.encryption.received(from, body),
        connection: (connection) => {
          around.set({ connection });
          if (connection === "lost" && !this.came) void this.explain();
          if (connection === "open" && this.retry !== undefined) this.tryAgain(); // the server answers: no need to sit out the pause
        },
        shut: (why) => this.finish(why),
      },
      around.clock,
    );
  }

  get session(): Session | null {
    return this.current;
  }

  /** While a seat is being taken. */
  get entering(): boolean {
    return this.acting;
  }

  /** From the beginning: the device check, or on the kiosk straight in. */
  begin(): void {
    const { kiosk } = this.around.model().page;
    this.came = false;
    this.prepared = kiosk;
    this.attempt = 0;
    this.around.set({ screen: kiosk ? "entering" : "check", ending: null, refusal: "", hindrance: "" });
    this.around.openDevices();
    this.following.begin();
  }

  /** Sound and picture are ready. */
  ready(): void {
    this.prepared = true;
    const { state } = this.around.model();
    if (state && !leads(state.me)) {
      this.around.set({ screen: "waiting" });
      if (state.me.state === "waiting") void this.around.client.ready(true).catch(() => undefined);
    } else this.around.set({ screen: "entering" });
    void this.advance();
  }

  /** "Come in" for someone who leads, from the waiting page. */
  enter(): void {
    this.prepared = true;
    void this.advance();
  }

  /** The answer of one who leads, where the browser cannot encrypt end to end. */
  goInUnencrypted(): void {
    this.unencrypted = true;
    this.tryAgain();
  }

  leaveNow(): void {
    void this.around.client.leave().catch(() => undefined);
    this.finish("left");
  }

  stop(): void {
    this.forgetRetry();
    this.following.close();
    void this.letGo()?.leave();
  }

  /** The browser says that the network is back. */
  hurry(): void {
    this.following.hurry();
    if (this.around.model().screen === "room" && !this.current) void this.enterRoom();
  }

  /** Once a second. */
  look(now: Date): void {
    const { state, screen } = this.around.model();
    if (state && screen === "waiting" && !state.meeting.waiting_room_open && now >= new Date(state.meeting.waiting_room_opens_at) && now.getSeconds() % 5 === 0) {
      void this.following.ask().catch(() => undefined); // the next look asks again
    }
    if (this.current && this.following.blind > BLIND_LIMIT) {
      const session = this.letGo();
      this.around.set({ media: "reconnecting" });
      void session?.leave().then(() => this.enterRoom());
    }
  }

  /** The media ended by itself. The meeting's own word decides what it meant; without one we come back. */
  async sessionEnded(why: SessionEnd): Promise<void> {
    if (!this.current) return; // still being connected: `connect` sees it, and begins anew
    const identity = this.letGo()?.identity;
    if (this.around.model().screen !== "room") return;
    this.around.set({ media: "reconnecting" });
    const state = await this.around.client.state().catch(() => null);
    if (this.around.model().screen !== "room" || this.current) return;
    const ending = state && endingOf(state, this.came);
    if (ending) return this.finish(ending);
    // A new identity that this page did not ask for: another tab or device has taken the seat. Fighting over it helps nobody.
    if (why === "elsewhere" || (state && state.me.identity !== null && state.me.identity !== identity)) return this.finish("elsewhere");
    this.around.announce(t("Du har tappat nätet. Vi försöker igen hela tiden."));
    void this.enterRoom();
  }

  private async explain(): Promise<void> {
    await this.following.ask().catch((error: unknown) => this.stopped(error));
  }

  private heard(event: MeetingEvent): void {
    const before = this.around.model();
    if (before.screen === "end") return;
    this.around.set({ state: event.state });
    if (this.keys) this.keys.encryption.heard(event.state);
    else this.around.set({ safety: none(event.state) });
    const ending = endingOf(event.state, this.came);
    if (ending) return this.finish(ending);
    this.around.heard(before.state, event);
    if (before.screen === "room" && event.state.me.state === "waiting") this.putBack();
    this.around.refresh();
    void this.advance();
  }

  /** Does the next thing on the way in, one at a time. */
  private async advance(): Promise<void> {
    const { state, screen } = this.around.model();
    if (!state || this.acting || screen === "room" || screen === "end") return;
    const step = nextStep(state, this.prepared);
    if (step === "wait" || step === "wait-for-opening") {
      if (this.prepared && screen !== "waiting") this.around.set({ screen: "waiting" });
      return;
    }
    let inside = true;
    await this.act(async () => {
      if (step === "knock") return this.knock();
      if (step === "start") await this.around.client.start();
      inside = await this.connect();
    });
    if (!inside) void this.advance();
  }

  /** In the room, but the media is gone: a new token, the same tracks, again and again. */
  private async enterRoom(): Promise<void> {
    if (this.acting || this.current || this.around.model().screen !== "room") return;
    await this.act(async () => void (await this.connect()));
  }

  private async act(work: () => Promise<void>): Promise<void> {
    this.forgetRetry();
    this.acting = true;
    const { way } = this;
    try {
      await work();
      if (way === this.way) {
        this.attempt = 0;
        this.around.set({ hindrance: "" });
      }
    } catch (error) {
      if (way === this.way) this.stopped(error);
    } finally {
      this.acting = false;
    }
    if (way !== this.way) void this.advance();
  }

  private async knock(): Promise<void> {
    const { way } = this;
    const joined = await this.ask(false);
    if (joined.kind === "early" || way !== this.way) return;
    this.came = true;
    if (joined.kind === "waiting" && this.prepared) {
      this.around.set({ screen: "waiting" });
      await this.around.client.ready(true);
    }
    // A token means: let in already. It lives for a minute only, so it is asked for again when devices are ready.
    if (joined.kind === "token" && this.prepared) await this.connect();
  }

  /** Asks for a token and takes the seat. False: the server wants us in the waiting room. */
  private async connect(): Promise<boolean> {
    const { model, set } = this.around;
    const { way } = this;
    if (model().screen !== "room") set({ screen: "entering", media: "connecting" });
    const joined = await this.ask(this.atHome());
    if (way !== this.way) return true;
    this.came = joined.kind !== "early";
    if (joined.kind !== "token") {
      set({ screen: "waiting", media: "off" });
      return false;
    }
    const { keys } = this;
    const session = this.around.openSession(keys);
    try {
      await keys?.encryption.seated(joined.identity);
      const { state } = model();
      if (state) keys?.encryption.heard(state);
      await session.connect(joined.serverUrl, joined.token);
      // Lost again before we got here: nothing would ever tell of it, and the seat would be silent for good.
      if (session.ended) throw new Error("lost");
    } catch {
      await session.leave().catch(() => undefined);
      throw new Problem(0, "media", "", "");
    }
    // Left, removed or ended while the media was being connected: nobody must stay in the room with an end page.
    if (way !== this.way) {
      await session.leave().catch(() => undefined);
      return true;
    }
    this.current = session;
    this.following.hurry(); // the server answers again: no need to sit out the back-off
    this.around.seated(session);
    set({ screen: "room", media: "on" });
    this.around.refresh();
    return true;
  }

  /** New keys for each seat that is asked for: those of the seat before are forgotten. */
  private async ask(home: boolean): Promise<Joined> {
    this.forgetKeys();
    const { way } = this;
    const keys = await this.around.makeKeys((body) => this.following.say(body));
    if (way !== this.way) keys?.close();
    else this.keys = keys;
    return this.around.client.join(home, keys?.encryption.publicKey ?? null, this.unencrypted);
  }

  private forgetKeys(): void {
    if (this.keys) this.around.set({ safety: STARTING });
    this.keys?.close();
    this.keys = null;
  }

  private atHome(): boolean {
    const { page, state } = this.around.model();
    return page.home && state !== null && leads(state.me);
  }

  /** A refusal or a break: say what it is; where it may pass, try again for as long as it takes. */
  private stopped(error: unknown): void {
    if (this.around.model().screen === "end") return;
    const problem = error instanceof Problem ? error : new Problem(0, "unknown", "", "");
    const ending = endingOfProblem(problem);
    if (ending) return this.finish(ending, problem.detail || problem.title);
    if (problem.code === "encryption-needed") return this.around.set({ question: { about: "unencrypted" }, hindrance: problem.detail });
    const hindrance = problem.status === 0 ? t("Vi får ingen kontakt. Vi försöker igen hela tiden. Du behöver inte göra något.") : refusalWords(problem, this.around.model().layout);
    this.around.set({ hindrance });
    this.forgetRetry();
    const pause = problem.passing ? backOff(this.attempt++, this.around.random ?? Math.random) : 5000;
    this.retry = setTimeout(() => this.tryAgain(), pause);
  }

  private tryAgain(): void {
    this.forgetRetry();
    const { screen, state } = this.around.model();
    if (screen === "room") void this.enterRoom();
    else void (state ? this.advance() : this.explain());
  }

  private forgetRetry(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
  }

  private finish(ending: Ending, refusal = ""): void {
    if (this.around.model().screen === "end") return;
    this.forgetRetry();
    this.way += 1;
    void this.letGo()?.leave();
    this.following.close();
    this.around.set({ screen: "end", ending, refusal, media: "off", panel: null, question: null, tiles: [], hindrance: "", hand: false });
    this.around.ended();
  }

  /** The server has put us back in the waiting room. */
  private putBack(): void {
    void this.letGo()?.leave();
    this.around.set({ screen: "waiting", media: "off", panel: null, question: null });
  }

  private letGo(): Session | null {
    const session = this.current;
    this.current = null;
    this.forgetKeys();
    return session;
  }
}
