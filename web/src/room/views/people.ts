/** Everybody in the meeting, and for those who lead it: the door, and what they may do with each. */

import bell from "lucide-static/icons/bell.svg";
import doorOpen from "lucide-static/icons/door-open.svg";
import handIcon from "lucide-static/icons/hand.svg";
import micOff from "lucide-static/icons/mic-off.svg";
import pencil from "lucide-static/icons/pencil.svg";
import logOut from "lucide-static/icons/log-out.svg";
import { leads, may, waiting } from "../../meeting.js";
import { t } from "../../texts.js";
import type { Acts, Model } from "../model.js";
import type { Tile } from "../people.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { expected, guest } from "./knock.js";
import { button, face, mark, methodMark, note } from "./parts.js";
import { question, unrecognised } from "./sight.js";
import { knockWords } from "./words.js";

export function peopleBody(model: Model, acts: Acts, small: boolean): Child {
  const { state } = model;
  if (!state) return null;
  return [
    model.notice ? h("div.panel__notice", { key: "notice", role: "status" }, note("wait", bell, model.notice, "")) : null,
    unrecognised(model).map((one) => question(model, acts, one, small)),
    door(model, acts, small),
    leads(state.me) ? expected(model) : null,
    h("section", { key: "here", "aria-labelledby": "here-title" }, h("h3", { id: "here-title" }, t("Med i mötet")), h("ul.seats", null, model.tiles.filter((one) => !one.screen).map((one) => seat(model, acts, one)))),
    may(state.me, "name_home")
      ? h("div.panel__acts", { key: "lead" }, button(pencil, t("Vilka är hemma?"), () => acts.show("home"), { kind: "second", small }), may(state.me, "end") ? button(logOut, t("Avsluta för alla"), () => acts.endForAll(), { kind: "stop", small }) : null)
      : null,
  ];
}

function door(model: Model, acts: Acts, small: boolean): Child {
  const { state } = model;
  if (!state || !leads(state.me)) return null;
  const here = waiting(state);
  if (here.length === 0) return null;
  return h(
    "section.door",
    { key: "door", "aria-labelledby": "door-title" },
    h("div.lobby__head", { role: "alert", key: here.map((one) => one.id).join(" ") }, icon(bell), h(small ? "h3.lobby__title" : "h2.lobby__title", { id: "door-title" }, knockWords(here))),
    state.meeting.lobby_open ? null : note("wait", bell, t("Dörren är stängd just nu."), t("Den som leder mötet behöver vara med för att någon ska släppas in.")),
    h("ul", null, here.map((one) => guest(model, acts, one, small))),
    here.length > 1 ? button(doorOpen, t("Släpp in alla"), () => acts.admitAll(), { kind: "second", wide: true, small, busy: model.busy.has("admit-all") && t("Släpper in alla") }) : null,
  );
}

function seat(model: Model, acts: Acts, tile: Tile): Branch {
  const role = tile.host ? t("Leder mötet") : tile.coHost ? t("Kan släppa in") : "";
  return h(
    "li.seat",
    { key: tile.key },
    face(tile.initials, tile.party, tile.home),
    h(
      "div.who",
      null,
      h("b", null, tile.mine && !tile.home ? t("Du, %(name)s", { name: tile.name }) : tile.name),
      tile.lines.map((line) => h("span", { key: line }, line)),
      h("p.guest__marks", null, methodMark(tile.method, tile.identified), role ? mark(null, role, "info") : null, tile.hand ? mark(handIcon, t("Handen uppe"), "wait") : null, tile.microphone ? null : mark(micOff, t("Ljud av"))),
    ),
    tile.mine ? null : leaderActs(model, acts, tile),
  );
}

function leaderActs(model: Model, acts: Acts, tile: Tile): Child {
  const me = model.state?.me;
  if (!me || !leads(me)) return null;
  const { participant, name } = tile;
  return h(
    "details.seat__acts",
    { key: "acts" },
    h("summary", null, t("Val för %(name)s", { name: tile.given })),
    h(
      "div",
      null,
      may(me, "mute") && tile.microphone ? button(null, t("Stäng av mikrofonen"), () => acts.mute(participant), { kind: "second", small: true, key: "mute", busy: model.busy.has(`mute:${participant}`) && t("Stänger av") }) : null,
      may(me, "appoint") && !tile.coHost && !tile.host ? button(null, t("Låt också släppa in"), () => acts.coHost(participant), { kind: "second", small: true, key: "co", busy: model.busy.has(`co-host:${participant}`) && t("Ändrar") }) : null,
      may(me, "appoint") && !tile.host ? button(null, t("Lämna över mötet"), () => acts.ask({ about: "hand-over", participant, name }), { kind: "second", small: true, key: "host" }) : null,
      may(me, "remove") && !tile.host ? button(null, t("Ta ut ur mötet"), () => acts.ask({ about: "remove", participant, name }), { kind: "stop", small: true, key: "remove" }) : null,
    ),
  );
}
