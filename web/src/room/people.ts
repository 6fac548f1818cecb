/** Joins what the server says of the participants with what is heard and seen of them: one `Tile` for each seat on the screen. */

import { t } from "../texts.js";
import type { Participant, Party, Representation, State } from "../meeting.js";
import type { Picture, Seat } from "./seats.js";

export interface Tile {
  /** The participant's id; a shared screen has a tile of its own, `screen:<id>`. */
  readonly key: string;
  readonly participant: string;
  readonly identity: string | null;
  readonly mine: boolean;
  readonly home: boolean;
  readonly screen: boolean;
  readonly name: string;
  readonly given: string;
  readonly initials: string;
  readonly party: Party;
  /** Role and organisation, or the relation: what stands under the name. */
  readonly lines: readonly string[];
  readonly method: string;
  /** Whose identification `method` is, where several people share the seat (the home's: the nurse); "" where it is the tile's own. */
  readonly identified: string;
  readonly picture: Picture | null;
  readonly microphone: boolean;
  readonly speaking: boolean;
  /** here; weak: poor network; coming: let in, not seen yet; back: lost, on the way back. */
  readonly line: "here" | "weak" | "coming" | "back";
  readonly hand: boolean;
  readonly host: boolean;
  readonly coHost: boolean;
}

export interface Own {
  readonly picture: Picture | null;
  readonly microphone: boolean;
}

/** Home first, then in the order people came; one's own last. Shared screens stand before everything. */
export function tilesOf(state: State, seats: readonly Seat[], own: Own, hands: ReadonlySet<string>): Tile[] {
  const bySeat = new Map<string, Seat>();
  for (const seat of seats) bySeat.set(seat.attributes["participant"] || seat.identity, seat);
  const tiles: Tile[] = [];
  for (const participant of state.participants) {
    if (participant.state !== "in_room" && participant.state !== "admitted") continue;
    const mine = participant.id === state.me.participant;
    const seat = bySeat.get(participant.id) ?? seats.find((one) => one.identity === participant.identity) ?? (mine ? seats.find((one) => one.mine) : undefined);
    bySeat.delete(participant.id);
    if (seat) bySeat.delete(seat.identity);
    tiles.push(tileOf(state, participant, seat, mine, own, hands));
    if (seat?.screen) tiles.push(screenOf(tiles.at(-1) as Tile, seat.screen));
  }
  // In the media room before the event about it came: shown by what the server wrote into the token.
  for (const [id, seat] of bySeat) {
    if (!seat.mine) tiles.push(tileOf(state, fromToken(id, seat), seat, false, own, hands));
  }
  const rank = (tile: Tile): number => (tile.screen ? 0 : tile.home ? 1 : tile.mine ? 3 : 2);
  return tiles.map((tile, at) => ({ tile, at })).sort((a, b) => rank(a.tile) - rank(b.tile) || a.at - b.at).map(({ tile }) => tile);
}

function tileOf(state: State, participant: Participant, seat: Seat | undefined, mine: boolean, own: Own, hands: ReadonlySet<string>): Tile {
  const home = participant.home;
  return {
    key: participant.id,
    participant: participant.id,
    identity: seat?.identity ?? participant.identity,
    mine,
    home,
    screen: false,
    name: participant.name,
    given: participant.given_name,
    initials: participant.initials,
    party: home ? "home" : participant.party,
    lines: home ? [homeNames(state, true)] : linesOf(participant, state.meeting.person.given_name),
    method: participant.method,
    identified: home && participant.person_name !== state.meeting.person.name ? participant.person_name : "",
    picture: mine ? own.picture : (seat?.camera ?? null),
    microphone: mine ? own.microphone : (seat?.microphone ?? false),
    speaking: (seat?.speaking ?? false) && (mine ? own.microphone : true),
    line: seat || mine ? (seat?.quality === "poor" || seat?.quality === "lost" ? (seat.quality === "lost" && !mine ? "back" : "weak") : "here") : participant.state === "in_room" ? "back" : "coming",
    hand: hands.has(participant.id),
    host: participant.host,
    coHost: participant.co_host,
  };
}

const screenOf = (tile: Tile, picture: Picture): Tile => ({
  ...tile, key: `screen:${tile.key}`, screen: true, picture, home: false, speaking: false, hand: false, line: "here", microphone: true,
});

function fromToken(id: string, seat: Seat): Participant {
  const { attributes } = seat;
  const words = seat.name.split(" ");
  const party = attributes["party"];
  return {
    id, identity: seat.identity, name: seat.name, person_name: seat.name, given_name: words[0] ?? "",
    initials: [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.[0] ?? "").join("").toUpperCase(),
    role: attributes["role"] ?? "", organisation: attributes["organisation"] ?? "",
    party: party === "kommun" || party === "region" || party === "home" ? party : "other",
    relation: attributes["relation"] ?? "", representation: representationOf(attributes["representation"]), method: attributes["method"] ?? "", state: "in_room", ready: true, not_yet: false, unrecognised: false,
    waiting_since: null, host: attributes["host"] === "1", co_host: false, home: attributes["home"] === "1",
    encrypts: true, allowed_by: null, vouching: null,
  };
}

interface Titled {
  readonly role: string;
  readonly organisation: string;
  readonly relation: string;
  readonly representation: Representation;
  readonly party: Party;
}

/** Role and organisation; for the home's own people what they are to the one the meeting is about: "Gunnars dotter". */
export function linesOf(one: Titled, given: string): string[] {
  const lines = titleOf(one, given);
  const stands = representationWords(one.representation);
  return stands && !lines.some((line) => line.toLowerCase().endsWith(stands.toLowerCase())) ? [stands, ...lines] : lines;
}

function representationWords(representation: Representation): string {
  switch (representation) {
    case "guardian": return t("Vårdnadshavare");
    case "god_man": return t("God man");
    case "trustee": return t("Förvaltare");
    case "interpreter": return t("Tolk");
    case "none": return "";
  }
}

const representationOf = (word: string | undefined): Representation =>
  word === "guardian" || word === "god_man" || word === "trustee" || word === "interpreter" ? word : "none";

function titleOf(one: Titled, given: string): string[] {
  const kin = one.relation || (one.party === "home" && !one.organisation ? one.role : "");
  if (!kin || (one.role && one.organisation)) return [one.role, one.organisation].filter(Boolean);
  return [/\s/.test(kin) ? kin : `${genitive(given)} ${kin.toLowerCase()}`];
}

/** "Gunnar och Anna": the one the meeting is about, whoever brought the laptop, and those the nurse has named. `whole`: full names. */
export function homeNames(state: State, whole = false): string {
  const { person, home_people } = state.meeting;
  const seat = state.participants.find((one) => one.home);
  const names = [person.name, ...(seat ? [seat.person_name] : []), ...home_people.map((one) => one.name)];
  return listed([...new Set(names)].map((name) => (whole ? name : (name.split(" ")[0] ?? name))));
}

/**
 * What is said everywhere while the host's chair is empty: "Anna är inte kvar i mötet just nu." Null while she is there or has not come.
 * STATE does not tell a dropped line from leaving or logging out: the words are true of both.
 */
export function hostAway(state: State): string | null {
  const { host_present, host_presence } = state.meeting;
  if (host_present || (host_presence !== "away" && host_presence !== "gone")) return null;
  return t("%(name)s är inte kvar i mötet just nu.", { name: hostName(state) });
}

export const hostName = (state: State): string => state.meeting.led_by?.given_name ?? t("Den som leder mötet");

/** Who can let people in now, besides the host: a co-host who sits in the room. */
export const otherLeader = (state: State): Participant | undefined =>
  state.participants.find((one) => one.co_host && (one.state === "in_room" || one.state === "admitted"));

/** "Gunnar, Anna och Karin". */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? "";
  return t("%(first)s och %(last)s", { first: names.slice(0, -1).join(", "), last: names.at(-1) ?? "" });
}

/** "Gunnars": Swedish puts no second s after s, x or z. */
export const genitive = (name: string): string => (/[sxz]$/i.test(name) ? name : `${name}s`);

const NEUTER = /(barn|biträde|ombud|syskon|syskonbarn)$/i;

/** On the patient's own screen "Gunnars dotter" is "din dotter"; a role or organisation stands as it is. */
export function toYou(line: string, given: string): string {
  const prefix = `${genitive(given)} `;
  if (!line.startsWith(prefix)) return line;
  const word = line.slice(prefix.length);
  return NEUTER.test(word) ? t("ditt %(relation)s", { relation: word }) : t("din %(relation)s", { relation: word });
}

export interface Identification {
  /** "Identifierad med BankID"; with a name "Anna Sjödin är identifierad med BankID". */
  readonly text: string;
  /** "BankID"; with a name "Anna: BankID". */
  readonly short: string;
  readonly strong: boolean;
}

const STRONG: Readonly<Record<string, string>> = { bankid: "BankID", siths: "SITHS", freja: "Freja" };

/** How somebody was identified, in words; `null` where it is not known. The exception is the one that is framed. */
export function methodWords(method: string, whose = ""): Identification | null {
  if (method === "") return null;
  const name = STRONG[method];
  const whole = name ? named(name, whose) : whose ? t("%(name)s är inte e-legitimerad", { name: whose }) : t("Ej e-legitimerad");
  const short = name ?? t("Ej e-legitimerad");
  return { text: whole, short: whose ? `${whose.split(" ")[0]}: ${name ?? short.toLowerCase()}` : short, strong: name !== undefined };
}

function named(method: string, whose: string): string {
  if (whose) return t("%(name)s är identifierad med %(method)s", { name: whose, method });
  return method === "BankID" ? t("Identifierad med BankID") : method === "SITHS" ? t("Identifierad med SITHS") : t("Identifierad med Freja");
}
