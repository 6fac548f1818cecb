import { expect, it } from "vitest";
import type { EventName } from "../meeting.js";
import { newsOf } from "./news.js";
import { anna, karin, leila, person, state } from "./state.sample.js";

const told = (event: EventName, participant: string | null, before = state(karin, [anna, leila]), after = before): string[] =>
  newsOf(before, { event, at: "", participant, state: after });

it("tells who came and went, but not oneself", () => {
  expect(told("participant.joined", "leila")).toEqual(["Leila Haddad kom in i mötet."]);
  expect(told("participant.left", "leila", undefined, state(karin, [anna]))).toEqual(["Leila Haddad lämnade mötet."]);
  expect(told("participant.joined", "karin", state(karin, [karin]))).toEqual([]);
  expect(told("participant.admitted", "karin", state(karin, [karin]))).toEqual(["Du är insläppt."]);
});

it("tells nothing at first, nor of those one does not know", () => {
  expect(newsOf(null, { event: "participant.joined", at: "", participant: "leila", state: state(karin, [leila]) })).toEqual([]);
  expect(told("participant.left", "stranger")).toEqual([]);
});

it("tells who leads that a person has stopped waiting, and that one leads now", () => {
  const per = person("per", "Per Wiklund", { state: "waiting" });
  expect(told("lobby.left", "per", state(anna, [per]), state(anna, []))).toEqual(["Per Wiklund väntar inte längre."]);
  expect(told("role.changed", "karin", state(karin, []), state(karin, [], { me: { co_host: true } }))).toEqual(["Nu kan du släppa in folk och leda mötet."]);
});

it("asks who leads whether it is the right person, and tells that person when it is said", () => {
  const tomas = person("tomas", "Tomas Edlund", { method: "sms", unrecognised: true });
  expect(told("participant.joined", "tomas", state(anna, [tomas]))).toEqual(["Tomas Edlund kom in i mötet.", "Ser du att det är Tomas Edlund?"]);
  expect(told("participant.joined", "tomas", state(karin, [tomas]))).toEqual(["Tomas Edlund kom in i mötet."]);
  expect(told("participant.recognised", "tomas", state(tomas, [anna, tomas]))).toEqual(["Nu hör och ser du de andra."]);
});
