/**
 * One person's meeting page: keeps the model, and gives each thing that happens to whoever knows what to do with it.
 * The way in and back is `entry`'s, the media `session`'s, one's own devices `own_media`'s, the text `conversation`'s.
 */

import type { MeetingClient } from "../client.js";
import { leads, waiting, type HomePerson, type MeetingEvent, type State } from "../meeting.js";
import { t } from "../texts.js";
import type { Announcer } from "./announcer.js";
import { asksConsent, ConsentQuestions, consentWords } from "./consent.js";
import { Conversation } from "./conversation.js";
import { Entry } from "./entry.js";
import { Leading } from "./leading.js";
import { firstModel, type Acts, type Layout, type Model, type PageData, type Panel, type Question } from "./model.js";
import { NetworkTold } from "./network_told.js";
import { NetworkWatch } from "./network_watch.js";
import { newsOf, safetyNews } from "./news.js";
import type { Safety } from "./encryption/encryption.js";
import { OwnMedia } from "./own_media.js";
import { tilesOf } from "./people.js";
import { makeKeys, type SeatKeys } from "./encryption/seat_keys.js";
import { Session, type SessionListener } from "./session.js";
import { chime } from "./sound.js";
import { choose, NOBODY, type SpeakerChoice } from "./speaker.js";

export interface Outside {
  readonly client: MeetingClient;
  readonly announcer: Announcer;
  readonly soundHolder: HTMLElement;
  readonly draw: (model: Model) => void;
  readonly openSession?: (listener: SessionListener, keys: SeatKeys | null) => Session;
}

export class MeetingRoom implements Acts {
  model: Model;
  private readonly own: OwnMedia;
  private readonly leading: Leading;
  private readonly watch: NetworkWatch;
  private readonly told: NetworkTold;
  private readonly talk: Conversation;
  private readonly entry: Entry;
  private readonly consents: ConsentQuestions;
  private choice: SpeakerChoice = NOBODY;
  private drawing = false;
  private readonly timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    page: PageData,
    layout: Layout,
    private readonly outside: Outside,
  ) {
    this.model = firstModel(page, layout, new Date());
    this.consents = new ConsentQuestions(() => outside.client.consent(), (consent) => this.consented(consent));
    this.entry = new Entry({
      client: outside.client,
      model: () => this.model,
      set: (changes) => this.set(changes),
      announce: (sentence) => outside.announcer.say(sentence),
      makeKeys: (say) => makeKeys(page, say, (safety) => this.safe(safety)),
      openSession: (keys) => outside.openSession?.(this.listener, keys) ?? new Session(this.listener, outside.soundHolder, keys),
      seated: (session) => this.seated(session),
      openDevices: () => void this.own.devices.open(),
      ended: () => this.ended(),
      heard: (before, event) => this.heard(before, event),
      refresh: () => this.refresh(),
    });
    this.own = new OwnMedia({
      model: () => this.model,
      set: (changes) => this.set(changes),
      session: () => this.entry.session,
      entering: () => this.entry.entering,
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
      goInUnencrypted: () => this.entry.goInUnencrypted(),
    });
    this.watch = new NetworkWatch(
      () => this.entry.session,
      (network) => this.set({ network }),
      (picture) => void this.own.sparePicture(picture),
    );
    this.told = new NetworkTold((weak) => outside.client.network(weak));
    this.talk = new Conversation({
      session: () => this.entry.session,
      nameOf: (identity) => this.model.tiles.find((tile) => tile.identity === identity && !tile.screen)?.name ?? "",
      reading: () => this.model.panel === "chat",
      announce: (sentence) => outside.announcer.say(sentence),
      changed: (changes) => this.set(changes),
      now: () => this.model,
    });
  }

  start(): void {
    this.entry.begin();
    this.timers.push(
      setInterval(() => this.tick(), 1000),
      setInterval(() => this.turn(), 300),
      setInterval(() => void this.lookAtLine(), 2000),
    );
    window.addEventListener("online", () => this.entry.hurry());
  }

  stop(): void {
    this.timers.forEach(clearInterval);
    this.entry.stop();
    this.own.close();
  }

  setLayout(layout: Layout): void {
    if (layout !== this.model.layout) this.set({ layout });
  }

  // ---- the page's way ----------------------------------------------------------------------------------------------

  ready = (): void => this.entry.ready();
  enter = (): void => this.entry.enter();
  leaveNow = (): void => this.entry.leaveNow();

  /** From an end page back to the beginning: the same document, devices opened anew. */
  again(): void {
    this.set({ text: { ...this.model.text, lines: [] } });
    this.entry.begin();
  }

  leave(): void {
    const { state } = this.model;
    if (state && this.model.screen === "room" && leads(state.me)) this.set({ question: { about: "leave" } });
    else this.leaveNow();
  }

  endForAll(): void {
    this.set({ question: { about: "end" } });
  }

  private seated(session: Session): void {
    this.own.publishOpen();
    session.setVolume(this.model.page.kiosk ? this.model.volume : 1);
    if (this.own.devices.chosen.speaker) void session.chooseSpeaker(this.own.devices.chosen.speaker).catch(() => undefined);
    this.watch.begin();
    this.told.begin();
  }

  /** Who is here has changed, or the code, or whether the meeting is encrypted end to end at all. */
  private safe(safety: Safety): void {
    const before = this.model.safety;
    this.set({ safety });
    if (safety.mode !== before.mode) void this.entry.session?.encrypt().catch(() => undefined);
    for (const sentence of safetyNews(before, safety)) this.outside.announcer.say(sentence);
  }

  private ended(): void {
    this.own.devices.stop();
    this.watch.rest();
    queueMicrotask(() => this.outside.announcer.say(document.title)); // once the end is drawn, and the title with it
  }

  private heard(before: State | null, event: MeetingEvent): void {
    for (const sentence of newsOf(before, event)) this.outside.announcer.say(sentence);
    this.knocked(before, event.state);
    if (asksConsent(event)) void this.consents.ask();
  }

  private consented(consent: string): void {
    if (consent && consent !== this.model.consent) this.outside.announcer.say(consentWords(consent, this.model.layout).join(" "));
    this.set({ consent });
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

  private readonly listener: SessionListener = {
    changed: () => {
      this.refresh();
      this.own.noticeMute();
    },
    reconnecting: (yes) => {
      this.set({ media: yes ? "reconnecting" : "on" });
      this.outside.announcer.say(yes ? t("Du har tappat nätet. Vi försöker igen hela tiden.") : t("Du är med i mötet igen."));
    },
    ended: (why) => void this.entry.sessionEnded(why),
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

  // ---- what passes in the room -------------------------------------------------------------------------------------

  private tick(): void {
    const now = new Date();
    if (now.getMinutes() !== this.model.now.getMinutes()) this.set({ now });
    this.entry.look(now);
    this.own.listen();
  }

  private async lookAtLine(): Promise<void> {
    await this.watch.look();
    if (this.entry.session) await this.told.look(this.watch.weak);
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
    const tiles = tilesOf(state, this.entry.session?.seats() ?? [], own, this.talk.handsUp(state.me.participant, this.model.hand, (identity) => this.participantOf(identity)));
    this.set({ tiles, devices: { ...this.model.devices, sharing: this.entry.session?.sharing ?? false } });
    this.turn();
  }

  private participantOf(identity: string): string {
    return this.entry.session?.seats().find((seat) => seat.identity === identity)?.attributes["participant"] || identity;
  }

  // ---- controls ----------------------------------------------------------------------------------------------------

  toggleScreen(): void {
    void this.entry.session?.shareScreen(!this.model.devices.sharing).then(() => this.refresh(), () => this.refresh());
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
    this.entry.session?.setVolume(volume);
    this.outside.announcer.say(t("Ljudstyrka %(level)s av 10.", { level: Math.round(volume * 10) }));
  }

  allowSound(): void {
    void this.entry.session?.allowSound().catch(() => undefined);
  }

  show(panel: Panel | null): void {
    // Closing what a knock opened answers the knock: a count stays on the button.
    const { state } = this.model;
    if (panel === null && state && leads(state.me)) this.set({ quieted: new Set(waiting(state).map((one) => one.id)) });
    this.set({ panel, ...(panel === "chat" ? { text: { ...this.model.text, unread: 0 } } : {}) });
  }

  setKeys = (keysOn: boolean): void => this.set({ keysOn });

  type(draft: string): void {
    this.set({ draft });
    this.talk.typed();
  }

  say = (): void => this.talk.say();

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
  recognise = (participant: string): void => this.leading.recognise(participant);
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
