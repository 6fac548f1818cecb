/**
 * Runs one person's way through the meeting page: device check, waiting room, room, end; one document, the same open tracks.
 * Decisions are `flow`'s, media is `session`'s; this class does what they say and keeps the model.
 */

import { backOff, Events, MeetingClient, Problem, type Shut } from "../client.js";
import { leads, waiting, type HomePerson, type MeetingEvent, type State } from "../meeting.js";
import { t } from "../texts.js";
import type { Announcer } from "./announcer.js";
import { Conversation } from "./conversation.js";
import { endingOf, endingOfProblem, nextStep } from "./flow.js";
import { firstModel, type Acts, type Ending, type Layout, type Model, type PageData, type Panel, type Question } from "./model.js";
import { Leading } from "./leading.js";
import { OwnMedia } from "./own_media.js";
import { NetworkWatch } from "./network_watch.js";
import { tilesOf } from "./people.js";
import { Session, type SessionEnd, type SessionListener } from "./session.js";
import { chime } from "./sound.js";
import { choose, NOBODY, type SpeakerChoice } from "./speaker.js";
import { newsOf } from "./news.js";

/** Longest the media may run without a word from the meeting: after that nobody knows who is in it, and it is cut. Milliseconds. */
export const BLIND_LIMIT = 45_000;

export interface Outside {
  readonly client: MeetingClient;
  readonly announcer: Announcer;
  readonly soundHolder: HTMLElement;
  readonly draw: (model: Model) => void;
  readonly openSession?: (listener: SessionListener) => Session;
}

export class MeetingRoom implements Acts {
  model: Model;
  private readonly own: OwnMedia;
  private readonly leading: Leading;
  private readonly watch: NetworkWatch;
  private readonly talk: Conversation;
  private events: Events | null = null;
  private session: Session | null = null;
  private prepared = false;
  private came = false;
  private acting = false;
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private lostAt: number | null = null;
  private choice: SpeakerChoice = NOBODY;
  private drawing = false;
  private readonly timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    page: PageData,
    layout: Layout,
    private readonly outside: Outside,
  ) {
    this.model = firstModel(page, layout, new Date());
    this.own = new OwnMedia({
      model: () => this.model,
      set: (changes) => this.set(changes),
      session: () => this.session,
      entering: () => this.acting,
      refresh: () => this.refresh(),
      announce: (sentence) => outside.announcer.say(sentence),
      hopeAgain: () => this.watch.begin(),
    });
    this.leading = new Leading({
      client: outside.client,
      model: () => this.model,
      set: (changes) => this.set(changes),
      leaveNow: () => this.leaveNow(),
      closePanel: () => this.show(null),
    });
    this.watch = new NetworkWatch(
      () => this.session,
      (network) => this.set({ network }),
      (picture) => void this.own.sparePicture(picture),
    );
    this.talk = new Conversation({
      session: () => this.session,
      nameOf: (identity) => this.model.tiles.find((tile) => tile.identity === identity && !tile.screen)?.name ?? "",
      reading: () => this.model.panel === "chat",
      announce: (sentence) => this.outside.announcer.say(sentence),
      changed: (changes) => this.set(changes),
      now: () => this.model,
    });
  }

  start(): void {
    this.prepared = this.model.page.kiosk;
    this.set({ screen: this.model.page.kiosk ? "entering" : "check" });
    void this.own.devices.open();
    this.follow();
    this.timers.push(
      setInterval(() => this.tick(), 1000),
      setInterval(() => this.turn(), 300),
      setInterval(() => void this.watch.look(), 2000),
    );
    window.addEventListener("online", () => {
      this.events?.hurry();
      if (this.model.screen === "room" && !this.session) void this.enterRoom();
    });
  }

  stop(): void {
    this.timers.forEach(clearInterval);
    clearTimeout(this.retry);
    this.events?.close();
    void this.session?.leave();
    this.own.close();
  }

  setLayout(layout: Layout): void {
    if (layout !== this.model.layout) this.set({ layout });
  }

  // ---- the page's way ----------------------------------------------------------------------------------------------

  ready(): void {
    this.prepared = true;
    const { state } = this.model;
    if (state && !leads(state.me)) {
      this.set({ screen: "waiting" });
      if (state.me.state === "waiting") void this.outside.client.ready(true).catch(() => undefined);
    } else this.set({ screen: "entering" });
    void this.advance();
  }

  /** "Come in" for someone who leads, from the waiting page. */
  enter(): void {
    this.prepared = true;
    void this.advance();
  }

  /** From an end page back to the beginning: the same document, devices opened anew. */
  again(): void {
    this.came = false;
    this.prepared = this.model.page.kiosk;
    this.attempt = 0;
    this.set({ ending: null, refusal: "", hindrance: "", screen: this.model.page.kiosk ? "entering" : "check", text: { ...this.model.text, lines: [] } });
    void this.own.devices.open();
    this.follow();
  }

  leave(): void {
    const { state } = this.model;
    if (state && this.model.screen === "room" && leads(state.me)) this.set({ question: { about: "leave" } });
    else this.leaveNow();
  }

  leaveNow(): void {
    void this.outside.client.leave().catch(() => undefined);
    this.finish("left");
  }

  endForAll(): void {
    this.set({ question: { about: "end" } });
  }

  private follow(): void {
    this.events?.close();
    this.events = this.outside.client.events(
      (event) => this.heard(event),
      (connection) => {
        this.lostAt = connection === "open" ? null : (this.lostAt ?? Date.now());
        this.set({ connection });
        if (connection === "lost" && !this.came) void this.explain();
      },
      (why) => void this.shut(why),
    );
  }

  /** The server closed the door: it says why, except that "out" is removed or denied. */
  private async shut(why: Shut): Promise<void> {
    switch (why) {
      case "logged-out":
        return this.finish("unidentified");
      case "unknown":
      case "elsewhere":
      case "ended":
        return this.finish(why);
      case "out": {
        const state = await this.outside.client.state().catch(() => null);
        this.finish(state?.me.state === "denied" ? "denied" : "removed");
      }
    }
  }

  /** The event socket does not open and nothing is known yet: a plain request tells why. */
  private async explain(): Promise<void> {
    try {
      this.heard({ event: "state", at: new Date().toISOString(), participant: null, state: await this.outside.client.state() });
    } catch (error) {
      this.stopped(error);
    }
  }

  private heard(event: MeetingEvent): void {
    if (this.model.screen === "end") return;
    const before = this.model.state;
    this.set({ state: event.state });
    const ending = endingOf(event.state, this.came);
    if (ending) return this.finish(ending);
    for (const sentence of newsOf(before, event)) this.outside.announcer.say(sentence);
    this.knocked(before, event.state);
    if (this.model.screen === "room" && event.state.me.state === "waiting") this.putBack();
    this.refresh();
    void this.advance();
  }

  private knocked(before: State | null, state: State): void {
    if (!leads(state.me)) return;
    const known = new Set(before ? waiting(before).map((one) => one.id) : []);
    const here = waiting(state);
    if (here.some((one) => !known.has(one.id) && !one.not_yet)) chime();
    const ids = new Set(here.map((one) => one.id));
    const quieted = new Set([...this.model.quieted].filter((id) => ids.has(id)));
    if (quieted.size !== this.model.quieted.size) this.set({ quieted });
  }

  /** Does the next thing on the way in, one at a time. */
  private async advance(): Promise<void> {
    const { state, screen } = this.model;
    if (!state || this.acting || screen === "room" || screen === "end") return;
    const step = nextStep(state, this.prepared);
    if (step === "wait" || step === "wait-for-opening") {
      if (this.prepared && screen !== "waiting") this.set({ screen: "waiting" });
      return;
    }
    clearTimeout(this.retry);
    this.acting = true;
    let again = false;
    try {
      if (step === "knock") await this.knock();
      else {
        if (step === "start") await this.outside.client.start();
        again = !(await this.connect());
      }
      this.attempt = 0;
      this.set({ hindrance: "" });
    } catch (error) {
      this.stopped(error);
    } finally {
      this.acting = false;
    }
    if (again) void this.advance();
  }

  private async knock(): Promise<void> {
    const joined = await this.outside.client.join(false);
    if (joined.kind === "early") return;
    this.came = true;
    if (joined.kind === "waiting" && this.prepared) {
      this.set({ screen: "waiting" });
      await this.outside.client.ready(true);
    }
    // A token means: let in already. It lives for a minute only, so it is asked for again when devices are ready.
    if (joined.kind === "token" && this.prepared) await this.connect();
  }

  /** Asks for a token and takes the seat. False: the server wants us in the waiting room. */
  private async connect(): Promise<boolean> {
    if (this.model.screen !== "room") this.set({ screen: "entering", media: "connecting" });
    const joined = await this.outside.client.join(this.atHome());
    this.came = joined.kind !== "early";
    if (joined.kind !== "token") {
      this.set({ screen: "waiting", media: "off" });
      return true;
    }
    const session = this.outside.openSession?.(this.listener) ?? new Session(this.listener, this.outside.soundHolder);
    try {
      await session.connect(joined.serverUrl, joined.token);
    } catch {
      await session.leave().catch(() => undefined);
      throw new Problem(0, "media", "", "");
    }
    this.session = session;
    this.own.publishOpen();
    this.events?.hurry(); // the server answers again: no need to sit out the back-off
    session.setVolume(this.model.page.kiosk ? this.model.volume : 1);
    if (this.own.devices.chosen.speaker) void session.chooseSpeaker(this.own.devices.chosen.speaker).catch(() => undefined);
    this.watch.begin();
    this.set({ screen: "room", media: "on" });
    this.refresh();
    return true;
  }

  private atHome(): boolean {
    const { page, state } = this.model;
    return page.home && state !== null && leads(state.me);
  }

  /** A refusal or a break: say what it is; where it may pass, try again for as long as it takes. */
  private stopped(error: unknown): void {
    const problem = error instanceof Problem ? error : new Problem(0, "unknown", "", "");
    const ending = endingOfProblem(problem);
    if (ending) return this.finish(ending, problem.detail || problem.title);
    const hindrance = problem.status === 0 ? t("Vi får ingen kontakt. Vi försöker igen hela tiden. Du behöver inte göra något.") : problem.detail || problem.title;
    this.set({ hindrance });
    clearTimeout(this.retry);
    const pause = problem.passing ? backOff(this.attempt++, Math.random) : 5000;
    this.retry = setTimeout(() => {
      if (this.model.screen === "room") void this.enterRoom();
      else if (!this.model.state) void this.explain();
      else void this.advance();
    }, pause);
  }

  /** In the room, but the media is gone: a new token, the same tracks, again and again. */
  private async enterRoom(): Promise<void> {
    if (this.acting || this.session || this.model.screen !== "room") return;
    this.acting = true;
    try {
      await this.connect();
      this.attempt = 0;
      this.set({ hindrance: "" });
    } catch (error) {
      this.stopped(error);
    } finally {
      this.acting = false;
    }
  }

  private finish(ending: Ending, refusal = ""): void {
    if (this.model.screen === "end") return;
    clearTimeout(this.retry);
    const session = this.session;
    this.session = null;
    void session?.leave();
    this.events?.close();
    this.own.devices.stop();
    this.watch.rest();
    this.set({ screen: "end", ending, refusal, media: "off", panel: null, question: null, tiles: [], hindrance: "", hand: false });
    this.outside.announcer.say(document.title);
  }

  /** The server has put us back in the waiting room. */
  private putBack(): void {
    const session = this.session;
    this.session = null;
    void session?.leave();
    this.set({ screen: "waiting", media: "off", panel: null, question: null });
  }

  private readonly listener: SessionListener = {
    changed: () => {
      this.refresh();
      this.own.noticeMute();
    },
    reconnecting: (yes) => {
      this.set({ media: yes ? "reconnecting" : "on" });
      this.outside.announcer.say(yes ? t("Du har tappat nätet. Vi försöker igen hela tiden.") : t("Du är med i mötet igen."));
    },
    ended: (why) => void this.sessionEnded(why),
    joined: (identity) => this.talk.greet(identity),
    left: (identity) => {
      this.talk.gone(identity);
      this.refresh();
    },
    message: (id, from, text) => this.talk.message(id, from, text),
    data: (topic, from, payload) => {
      this.talk.data(topic, from, payload);
      this.refresh();
    },
    soundBlocked: (soundBlocked) => this.set({ soundBlocked }),
  };

  /** The media ended by itself. The meeting's own word decides what it meant; without one we come back. */
  private async sessionEnded(why: SessionEnd): Promise<void> {
    const identity = this.session?.identity;
    this.session = null;
    if (this.model.screen !== "room") return;
    this.set({ media: "reconnecting" });
    const state = await this.outside.client.state().catch(() => null);
    if (this.model.screen !== "room" || this.session) return;
    const ending = state && endingOf(state, this.came);
    if (ending) return this.finish(ending);
    // A new identity that this page did not ask for: another tab or device has taken the seat. Fighting over it helps nobody.
    if (why === "elsewhere" || (state && state.me.identity !== null && state.me.identity !== identity)) return this.finish("elsewhere");
    this.outside.announcer.say(t("Du har tappat nätet. Vi försöker igen hela tiden."));
    void this.enterRoom();
  }

  // ---- what passes in the room -------------------------------------------------------------------------------------

  private tick(): void {
    const now = new Date();
    if (now.getMinutes() !== this.model.now.getMinutes()) this.set({ now });
    const { state, screen } = this.model;
    if (state && screen === "waiting" && !state.meeting.waiting_room_open && now >= new Date(state.meeting.waiting_room_opens_at)) {
      if (now.getSeconds() % 5 === 0) void this.outside.client.state().then((fresh) => this.heard({ event: "state", at: now.toISOString(), participant: null, state: fresh }), () => undefined);
    }
    if (this.session && this.lostAt !== null && Date.now() - this.lostAt > BLIND_LIMIT) {
      const session = this.session;
      this.session = null;
      this.set({ media: "reconnecting" });
      void session.leave().then(() => this.enterRoom());
    }
    this.own.listen();
  }

  private turn(): void {
    if (this.model.screen !== "room") return;
    const others = this.model.tiles.filter((tile) => !tile.mine && !tile.screen && (this.model.layout === "kiosk" || !tile.home));
    this.choice = choose(this.choice, others.map((tile) => ({ identity: tile.key, speaking: tile.speaking })), performance.now());
    if (this.choice.shown !== this.model.speaker) this.set({ speaker: this.choice.shown });
  }

  private refresh(): void {
    const { state } = this.model;
    if (!state) return;
    const own = { picture: this.model.devices.cameraOn ? this.model.devices.preview : null, microphone: this.model.devices.microphoneOn && this.own.devices.microphone !== null };
    const tiles = tilesOf(state, this.session?.seats() ?? [], own, this.talk.handsUp(state.me.participant, this.model.hand, (identity) => this.participantOf(identity)));
    this.set({ tiles, devices: { ...this.model.devices, sharing: this.session?.sharing ?? false } });
    this.turn();
  }

  private participantOf(identity: string): string {
    return this.session?.seats().find((seat) => seat.identity === identity)?.attributes["participant"] || identity;
  }

  // ---- controls ----------------------------------------------------------------------------------------------------

  toggleScreen(): void {
    void this.session?.shareScreen(!this.model.devices.sharing).then(() => this.refresh(), () => this.refresh());
  }

  toggleHand(): void {
    this.set({ hand: !this.model.hand });
    this.talk.raise(this.model.hand);
    this.outside.announcer.say(this.model.hand ? t("Din hand är uppe.") : t("Du har tagit ner handen."));
    this.refresh();
  }

  volume(by: number): void {
    const volume = Math.min(1, Math.max(0.1, Math.round((this.model.volume + by) * 10) / 10));
    this.set({ volume });
    this.session?.setVolume(volume);
    this.outside.announcer.say(t("Ljudstyrka %(level)s av 10.", { level: Math.round(volume * 10) }));
  }

  allowSound(): void {
    void this.session?.allowSound().catch(() => undefined);
  }

  show(panel: Panel | null): void {
    // Closing what a knock opened answers the knock: a count stays on the button.
    const { state } = this.model;
    if (panel === null && state && leads(state.me)) this.set({ quieted: new Set(waiting(state).map((one) => one.id)) });
    this.set({ panel, ...(panel === "chat" ? { text: { ...this.model.text, unread: 0 } } : {}) });
  }

  setKeys(on: boolean): void {
    this.set({ keysOn: on });
  }

  type(draft: string): void {
    this.set({ draft });
    this.talk.typed();
  }

  say(): void {
    this.talk.say();
  }

  setRealTime(on: boolean): void {
    this.set({ realTime: on });
    this.talk.typed();
  }

  // ---- passed on ---------------------------------------------------------------------------------------------------

  toggleMicrophone = (): void => this.own.toggleMicrophone();
  toggleCamera = (): void => this.own.toggleCamera();
  openMicrophone = (): void => this.own.openMicrophone();
  openCamera = (): void => this.own.openCamera();
  chooseMicrophone = (id: string): void => this.own.chooseMicrophone(id);
  chooseCamera = (id: string): void => this.own.chooseCamera(id);
  chooseSpeaker = (id: string): void => this.own.chooseSpeaker(id);
  tryout = (): void => this.own.tryout();
  level = (): number => this.own.level();
  quiet = (participant: string): void => this.leading.quiet(participant);
  admit = (participant: string): void => this.leading.admit(participant);
  admitAll = (): void => this.leading.admitAll();
  notYet = (participant: string): void => this.leading.notYet(participant);
  coHost = (participant: string): void => this.leading.coHost(participant);
  mute = (participant: string): void => this.leading.mute(participant);
  nameHome = (people: readonly HomePerson[]): void => this.leading.nameHome(people);
  ask = (question: Question): void => this.leading.ask(question);
  answer = (yes: boolean): void => this.leading.answer(yes);

  private set(changes: Partial<Model>): void {
    this.model = { ...this.model, ...changes };
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.outside.draw(this.model);
    });
  }
}
