import { describe, expect, it } from "vitest";
import { firstModel, type Acts, type Model, type PageData } from "../model.js";
import { newsOf } from "../news.js";
import { tilesOf } from "../people.js";
import { anna, karin, leila, person, state } from "../state.sample.js";
import type { State } from "../../meeting.js";
import { View } from "../view.js";
import { messageView } from "./messages.js";
import { waitingView } from "./waiting.js";
import { homeAway } from "./tile.js";

const acts = new Proxy({}, { get: () => () => 0 }) as Acts;
const page: PageData = { meeting: "m", kiosk: false, home: false, phone: "", start: "/", vouching_key: "", encryption_worker: "", state: null };
const gone = { host_present: false, host_presence: "gone", lobby_open: false };
const model = (now: State): Model => ({ ...firstModel(page, "desk", new Date("2026-11-24T09:10:00Z")), screen: "room", media: "on", connection: "open", state: now });

function text(branch: ReturnType<typeof homeAway> | null): string {
  const root = document.createElement("div");
  if (branch) new View(root).draw(branch);
  return root.textContent;
}

describe("an empty host's chair, whether left or lost", () => {
  const waiting = person("karin", "Karin Edlund", { state: "waiting" });

  it("is told alike in the room, in the waiting room and aloud, with who can let in", () => {
    const said = "Anna är inte kvar i mötet just nu.";
    const room = text(messageView(model(state(leila, [leila], { meeting: gone })), acts));
    expect(room).toContain(said);
    expect(room).toContain("Nya kan släppas in när Anna är tillbaka.");
    const invited = { invitation: "i", name: "Anna Sjödin", given_name: "Anna", initials: "AS", role: "Distriktssköterska", organisation: "", party: "kommun", relation: "", representation: "none", called: false, host: true, state: "left" } as const;
    const lobby = text(waitingView(model({ ...state(waiting, [waiting], { meeting: gone }), invited: [invited] }), acts));
    expect(lobby).toContain(`${said} Du har kvar din plats och släpps in när Anna är tillbaka.`);
    expect(lobby).toContain("Inte kvar just nu");
    const after = state(leila, [leila], { meeting: gone });
    expect(newsOf(state(leila, [anna, leila]), { event: "host.away", at: "", participant: null, state: after })).toEqual([said]);
    expect(text(homeAway("Gunnar"))).toContain("Är inte med just nu");
    for (const words of [room, lobby]) expect(words).not.toMatch(/tappat nätet|Har gått|med än/);
  });

  it("is on the way back, by the nurse's name, while the seat is only lost from the media", () => {
    const now = state(leila, [anna, leila]);
    const tiles = tilesOf(now, [], { picture: null, microphone: true }, new Set());
    expect(text(messageView({ ...model(now), tiles }, acts))).toBe("Anna har tappat nätet och är på väg tillbaka.");
  });

  it("names the co-host who can let people in", () => {
    const lotta = person("lotta", "Lotta Berg", { co_host: true });
    expect(text(messageView(model(state(karin, [karin, lotta], { meeting: gone })), acts))).toContain("Lotta kan släppa in dem som kommer.");
    expect(text(messageView(model(state(lotta, [lotta], { meeting: gone })), acts))).toContain("Du kan släppa in dem som kommer.");
    expect(text(waitingView(model(state(waiting, [waiting], { meeting: { ...gone, lobby_open: true } })), acts))).toContain("En annan som leder mötet kan släppa in dig.");
  });
});
