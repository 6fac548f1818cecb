import { describe, expect, it } from "vitest";
import { genitive, homeNames, hostAway, linesOf, listed, methodWords, otherLeader, tilesOf, toYou } from "./people.js";
import type { Seat } from "./seats.js";
import { anna, karin, leila, person, state } from "./state.sample.js";

const picture = (id: string) => ({ id, attach: () => undefined, detach: () => undefined });
const seat = (id: string, changes: Partial<Seat> = {}): Seat => ({
  identity: `seat-${id}`, mine: false, name: "", attributes: { participant: id }, camera: picture(id), screen: null, microphone: true, speaking: false, level: 0, quality: "good", joinedAt: 0, ...changes,
});
const own = { picture: picture("own"), microphone: true };
const nobody = new Set<string>();

describe("tiles", () => {
  it("puts the home first and oneself last", () => {
    const tiles = tilesOf(state(karin, [karin, leila, anna]), [seat("karin", { mine: true }), seat("leila"), seat("anna")], own, nobody);
    expect(tiles.map((one) => one.key)).toEqual(["anna", "leila", "karin"]);
    expect(tiles.at(-1)?.picture?.id).toBe("own");
  });

  it("takes names from the server, whatever the media says", () => {
    const [tile] = tilesOf(state(karin, [leila]), [seat("leila", { name: "Someone Else" })], own, nobody);
    expect(tile?.name).toBe("Leila Haddad");
  });

  it("says who is on the way in, and who is on the way back", () => {
    const coming = person("per", "Per Wiklund", { state: "admitted" });
    const tiles = tilesOf(state(karin, [leila, coming]), [], own, nobody);
    expect(tiles.map((one) => one.line)).toEqual(["back", "coming"]);
    expect(tilesOf(state(karin, [leila]), [seat("leila", { quality: "lost" })], own, nobody)[0]?.line).toBe("back");
    expect(tilesOf(state(karin, [leila]), [seat("leila", { quality: "poor" })], own, nobody)[0]?.line).toBe("weak");
  });

  it("shows one whom the media knows before the event has come, by the server's token", () => {
    const [tile] = tilesOf(state(karin, []), [seat("new", { name: "Elin Näslund", attributes: { participant: "new", role: "Arbetsterapeut", party: "region", method: "siths" } })], own, nobody);
    expect(tile).toMatchObject({ name: "Elin Näslund", initials: "EN", party: "region", method: "siths" });
  });

  it("gives a shared screen a tile of its own, before everybody", () => {
    const tiles = tilesOf(state(karin, [anna, leila]), [seat("anna"), seat("leila", { screen: picture("screen") })], own, nobody);
    expect(tiles[0]).toMatchObject({ key: "screen:leila", screen: true });
  });

  it("does not let the waiting or the removed into the picture", () => {
    const others = (["waiting", "denied", "removed", "left"] as const).map((one) => person(one, one, { state: one }));
    expect(tilesOf(state(karin, others), [], own, nobody)).toEqual([]);
  });
});

describe("words", () => {
  it("names the home by those in it", () => {
    const home = state(karin, [anna], { meeting: { home_people: [{ name: "Karin Edlund", relation: "" }] } });
    expect(homeNames(home)).toBe("Gunnar, Anna och Karin");
    expect(homeNames(state(karin, []), true)).toBe("Gunnar Edlund");
  });

  it("says what somebody is to the person, and to the person himself", () => {
    expect(linesOf(karin, "Gunnar")).toEqual(["Gunnars dotter"]);
    expect(linesOf({ ...karin, relation: "God man" }, "Gunnar")).toEqual(["God man"]);
    expect(linesOf({ ...karin, relation: "", role: "son" }, "Lars")).toEqual(["Lars son"]);
    expect(linesOf(leila, "Gunnar")).toEqual(["Fast vårdkontakt", "Region Höga Kusten"]);
    expect(linesOf({ ...leila, representation: "interpreter" }, "Gunnar")).toEqual(["Tolk", "Fast vårdkontakt", "Region Höga Kusten"]);
    expect(linesOf({ ...karin, representation: "guardian" }, "Gunnar")).toEqual(["Vårdnadshavare", "Gunnars dotter"]);
    expect(linesOf({ ...karin, relation: "God man", representation: "god_man" }, "Gunnar")).toEqual(["God man"]);
    expect(linesOf({ ...karin, relation: "Förvaltare", representation: "trustee" }, "Gunnar")).toEqual(["Gunnars förvaltare"]);
    expect(toYou("Gunnars dotter", "Gunnar")).toBe("din dotter");
    expect(toYou("Gunnars barnbarn", "Gunnar")).toBe("ditt barnbarn");
    expect(toYou("Arbetsterapeut", "Gunnar")).toBe("Arbetsterapeut");
    expect(genitive("Alex")).toBe("Alex");
    expect(listed(["Gunnar"])).toBe("Gunnar");
  });

  it("frames the one who has no e-ID", () => {
    expect(methodWords("bankid")).toEqual({ text: "Identifierad med BankID", short: "BankID", strong: true });
    expect(methodWords("siths")?.short).toBe("SITHS");
    expect(methodWords("freja")?.text).toBe("Identifierad med Freja");
    expect(methodWords("sms")?.short).toBe("Ej e-legitimerad");
    expect(methodWords("sms")?.strong).toBe(false);
    expect(methodWords("")).toBeNull();
    expect(methodWords("sms", "Anna Sjödin")).toEqual({ text: "Anna Sjödin är inte e-legitimerad", short: "Anna: ej e-legitimerad", strong: false });
  });

  it("says whose identification the home's seat shows", () => {
    const own = { picture: null, microphone: true };
    const [home, other] = tilesOf(state(leila, [anna, leila]), [], own, new Set());
    expect(home?.identified).toBe("Anna Sjödin");
    expect(methodWords(home?.method ?? "", home?.identified)).toEqual({ text: "Anna Sjödin är identifierad med BankID", short: "Anna: BankID", strong: true });
    expect(other?.identified).toBe("");
  });
});

it("says of an absent host only what is true of leaving and of a lost line", () => {
  const empty = state(karin, [karin], { meeting: { host_present: false, host_presence: "away", lobby_open: false } });
  expect(hostAway(empty)).toBe("Anna är inte kvar i mötet just nu.");
  expect(hostAway(state(karin, [anna]))).toBeNull();
  expect(hostAway(state(karin, [], { meeting: { host_present: false, host_presence: "expected" } }))).toBeNull();
  expect(otherLeader(state(karin, [person("lotta", "Lotta Berg", { co_host: true, state: "waiting" }), leila]))).toBeUndefined();
  expect(otherLeader(state(karin, [person("lotta", "Lotta Berg", { co_host: true }), leila]))?.given_name).toBe("Lotta");
});
