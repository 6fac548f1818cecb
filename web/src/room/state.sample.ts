/** A meeting for tests: Gunnar's, with people as the demo has them. */

import type { Me, Meeting, Participant, State } from "../meeting.js";

export function person(id: string, name: string, changes: Partial<Participant> = {}): Participant {
  const words = name.split(" ");
  return {
    id, identity: `seat-${id}`, name, person_name: name, given_name: words[0] ?? "", initials: words.map((word) => word[0]).join(""), role: "", organisation: "",
    party: "kommun", relation: "", representation: "none", method: "bankid", state: "in_room", ready: true, not_yet: false, waiting_since: null, host: false, co_host: false, home: false,
    unrecognised: false, encrypts: true, allowed_by: null, vouching: null, ...changes,
  };
}

export const anna = person("anna", "Hemma hos Gunnar", { person_name: "Anna Sjödin", given_name: "Gunnar", initials: "GE", home: true, host: true, party: "home", role: "Distriktssköterska" });
export const karin = person("karin", "Karin Edlund", { party: "home", relation: "Dotter" });
export const leila = person("leila", "Leila Haddad", { party: "region", role: "Fast vårdkontakt", organisation: "Region Höga Kusten" });

export function meeting(changes: Partial<Meeting> = {}): Meeting {
  return {
    id: "m", type: "planning", type_name: "Planeringsmöte", status: "open", starts_at: "2026-11-24T09:00:00Z", ends_at: "2026-11-24T09:45:00Z",
    started_at: null, ended_at: null, title: "Gunnars planeringsmöte", home_title: "Hemma hos Gunnar", waiting_room_opens_at: "2026-11-24T08:45:00Z",
    waiting_room_open: true, may_start_now: false, lobby_open: true, purpose: "", place: "Norrfällsviken", organisation: "Nordviks kommun", phone: "0980-31 92 10",
    person: { name: "Gunnar Edlund", given_name: "Gunnar", initials: "GE" },
    led_by: { name: "Anna Sjödin", given_name: "Anna", initials: "AS", role: "Distriktssköterska", organisation: "Nordviks kommun" },
    host_present: true, host_presence: "present", home_people: [], ...changes,
  };
}

export function me(one: Participant, changes: Partial<Me> = {}): Me {
  return {
    participant: one.id, identity: one.identity, state: one.state, host: one.host, co_host: one.co_host, home: one.home, ready: one.ready, not_yet: one.not_yet,
    this_device: true, unrecognised: one.unrecognised, name: one.person_name, given_name: one.given_name, initials: one.initials, role: one.role, organisation: one.organisation,
    relation: one.relation, representation: one.representation, party: one.party, method: one.method, may: one.host ? ["start", "end", "admit", "remove", "mute", "appoint", "name_home"] : [], ...changes,
  };
}

export function state(who: Participant, participants: readonly Participant[], changes: { meeting?: Partial<Meeting>; me?: Partial<Me> } = {}): State {
  return { meeting: meeting(changes.meeting), me: me(who, changes.me), participants, invited: [] };
}
