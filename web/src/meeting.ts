/** The meeting as the server tells it: the shapes of `GET /api/v1/meetings/{id}` and of its event socket. No DOM, no media. */

export type MeetingStatus = "planned" | "open" | "ended" | "cancelled";
export type ParticipantState = "waiting" | "admitted" | "in_room" | "left" | "denied" | "removed";
export type Party = "kommun" | "region" | "home" | "other";

/** Who speaks for the person, or interprets. */
export type Representation = "none" | "guardian" | "god_man" | "trustee" | "interpreter";

export interface HomePerson {
  readonly name: string;
  readonly relation: string;
}

export interface Meeting {
  readonly id: string;
  readonly type: string;
  readonly type_name: string;
  readonly status: MeetingStatus;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly title: string;
  readonly home_title: string;
  readonly waiting_room_opens_at: string;
  readonly waiting_room_open: boolean;
  readonly may_start_now: boolean;
  /** False while nobody who leads is in the room: nobody can be let in. */
  readonly lobby_open: boolean;
  readonly purpose: string | null;
  readonly place: string;
  readonly organisation: string;
  readonly phone: string;
  readonly person: { readonly name: string; readonly given_name: string; readonly initials: string };
  readonly led_by: {
    readonly name: string;
    readonly given_name: string;
    readonly initials: string;
    readonly role: string;
    readonly organisation: string;
  } | null;
  readonly host_present: boolean;
  readonly host_presence: string;
  readonly home_people: readonly HomePerson[];
}

export interface Me {
  readonly participant: string | null;
  readonly identity: string | null;
  readonly state: ParticipantState | "none";
  readonly host: boolean;
  readonly co_host: boolean;
  readonly home: boolean;
  readonly ready: boolean;
  readonly not_yet: boolean;
  /** False where the person has come in from another device later than this one. */
  readonly this_device: boolean;
  /** Hears nobody until a leader has said that it is the right person. */
  readonly unrecognised: boolean;
  readonly name: string;
  readonly given_name: string;
  readonly initials: string;
  readonly role: string;
  readonly organisation: string;
  readonly relation: string;
  readonly representation: Representation;
  readonly party: Party | null;
  readonly method: string;
  readonly may: readonly string[];
}

export interface Participant {
  readonly id: string;
  readonly identity: string | null;
  readonly name: string;
  readonly person_name: string;
  readonly given_name: string;
  readonly initials: string;
  readonly role: string;
  readonly organisation: string;
  readonly party: Party;
  readonly relation: string;
  readonly representation: Representation;
  readonly method: string;
  readonly state: ParticipantState;
  readonly ready: boolean;
  readonly not_yet: boolean;
  readonly waiting_since: string | null;
  readonly host: boolean;
  readonly co_host: boolean;
  readonly home: boolean;
  /** Came by a code alone, and no leader has said yet that it is the right person. */
  readonly unrecognised: boolean;
  /** Whether their browser can encrypt end to end. */
  readonly encrypts: boolean;
  /** The leader who lets them take part without. */
  readonly allowed_by: string | null;
  /** What the meeting has signed of their seat and key (`room/encryption/vouching`). */
  readonly vouching: string | null;
}

export interface Invited {
  readonly invitation: string;
  readonly name: string;
  readonly given_name: string;
  readonly initials: string;
  readonly role: string;
  readonly organisation: string;
  readonly party: Party;
  readonly relation: string;
  readonly representation: Representation;
  readonly called: boolean;
  readonly host: boolean;
  readonly state: "expected" | "arrived" | "here" | "left";
}

/** What this viewer may see of the meeting; lists they may not see are empty. */
export interface State {
  readonly meeting: Meeting;
  readonly me: Me;
  readonly participants: readonly Participant[];
  readonly invited: readonly Invited[];
}

export type EventName =
  | "state"
  | "lobby.entered"
  | "lobby.left"
  | "lobby.ready"
  | "participant.admitted"
  | "participant.denied"
  | "participant.joined"
  | "participant.recognised"
  | "participant.left"
  | "participant.removed"
  | "participant.replaced"
  | "participant.seated"
  | "meeting.started"
  | "meeting.ended"
  | "meeting.changed"
  | "host.away"
  | "host.back"
  | "role.changed"
  | "home.changed"
  | "invitation.changed";

export interface MeetingEvent {
  readonly event: EventName;
  readonly at: string;
  readonly participant: string | null;
  readonly state: State;
}

/** Whether a received value has what the room relies on; anything else is dropped instead of breaking the page. */
export function isMeetingEvent(value: unknown): value is MeetingEvent {
  if (typeof value !== "object" || value === null) return false;
  const { event, state } = value as Record<string, unknown>;
  return typeof event === "string" && isState(state);
}

export function isState(value: unknown): value is State {
  if (typeof value !== "object" || value === null) return false;
  const { meeting, me } = value as Record<string, unknown>;
  return (
    typeof meeting === "object" && meeting !== null && typeof (meeting as Record<string, unknown>)["status"] === "string" &&
    typeof me === "object" && me !== null && typeof (me as Record<string, unknown>)["state"] === "string" &&
    Array.isArray((value as Record<string, unknown>)["participants"]) && Array.isArray((value as Record<string, unknown>)["invited"])
  );
}

export const leads = (me: Me): boolean => me.host || me.co_host;

/** `policy.Action` of the server, in its words. */
export const may = (me: Me, action: "start" | "end" | "admit" | "remove" | "mute" | "appoint" | "take_home" | "name_home"): boolean => me.may.includes(action);

export const waiting = (state: State): readonly Participant[] =>
  state.participants.filter((one) => one.state === "waiting" && one.id !== state.me.participant);

/** Those in the media room or on their way into it. */
export const present = (state: State): readonly Participant[] =>
  state.participants.filter((one) => one.state === "in_room" || one.state === "admitted");
