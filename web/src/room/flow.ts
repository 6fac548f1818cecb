/** Where in the page's flow somebody belongs, told from the meeting's state. Pure. */

import type { Problem } from "../client.js";
import { leads, type State } from "../meeting.js";
import type { Ending } from "./model.js";

/** An end that the state tells by itself; null while there is something to come to. `came`: this page has asked to come in. */
export function endingOf(state: State, came: boolean): Ending | null {
  if (state.meeting.status === "ended") return "ended";
  if (state.meeting.status === "cancelled") return "cancelled";
  if (state.me.state === "removed") return "removed";
  if (state.me.state === "denied") return "denied";
  if (came && !state.me.this_device && state.me.state !== "left" && state.me.state !== "none") return "elsewhere";
  return null;
}

/** What the page should do next. `knock`: take a place in the waiting room; `enter`: ask for a token and go in. */
export type Step = "start" | "enter" | "knock" | "wait" | "wait-for-opening";

/** `prepared`: the person has said that sound and picture are ready. */
export function nextStep(state: State, prepared: boolean): Step {
  const { meeting, me } = state;
  const admitted = me.state === "admitted" || me.state === "in_room";
  if (leads(me)) {
    if (!prepared) return "wait";
    if (meeting.status === "open") return "enter";
    if (me.may.includes("start") && meeting.may_start_now) return "start";
    return "wait-for-opening";
  }
  if (admitted) return prepared ? "enter" : "wait";
  if (!meeting.waiting_room_open) return "wait-for-opening";
  return me.state === "waiting" ? "wait" : "knock";
}

/** Refusals after which asking again is no use; null for one that may pass. */
export function endingOfProblem(problem: Problem): Ending | null {
  if (problem.passing) return null;
  switch (problem.code) {
    case "removed":
    case "denied":
      return problem.code;
    case "meeting-ended":
      return "ended";
    case "meeting-cancelled":
      return "cancelled";
    case "meeting-unknown":
      return "unknown";
    default:
      if (problem.status === 401) return "unidentified";
      if (problem.status === 404) return "unknown";
      return problem.status === 409 ? null : "refused";
  }
}
