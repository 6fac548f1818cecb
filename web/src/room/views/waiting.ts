/** The waiting room: that one is seen, what is waited for, who leads, who is invited. Nobody is ever put out for waiting long. */

import check from "lucide-static/icons/check.svg";
import clockIcon from "lucide-static/icons/clock.svg";
import doorOpen from "lucide-static/icons/door-open.svg";
import house from "lucide-static/icons/house.svg";
import info from "lucide-static/icons/info.svg";
import logOut from "lucide-static/icons/log-out.svg";
import mic from "lucide-static/icons/mic.svg";
import micOff from "lucide-static/icons/mic-off.svg";
import userRound from "lucide-static/icons/user-round.svg";
import video from "lucide-static/icons/video.svg";
import videoOff from "lucide-static/icons/video-off.svg";
import wifiOff from "lucide-static/icons/wifi-off.svg";
import { leads, type Invited, type State } from "../../meeting.js";
import { ngettext, t } from "../../texts.js";
import type { Acts, Model } from "../model.js";
import { hostAway, hostName, linesOf } from "../people.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { mirror } from "./check.js";
import { button, face, mark, note } from "./parts.js";
import { at, clock, day, minutesBetween } from "./words.js";

export function waitingView(model: Model, acts: Acts): Branch {
  const { state } = model;
  if (!state) return enteringView(model);
  const [title, lead] = headline(state);
  return h(
    "div.wrap.waiting",
    { key: "waiting" },
    h(
      "div.waiting__intro",
      null,
      h("h1", { tabindex: -1, id: "view-title" }, title),
      h("p.lead", { role: "status" }, lead),
      model.connection === "lost" ? note("wait", wifiOff, t("Du har tappat nätet."), t("Vi försöker igen hela tiden. Du behöver inte göra något.")) : null,
      model.hindrance && model.connection !== "lost" ? note("wait", info, model.hindrance, "") : null,
    ),
    h(
      "section.slab.waiting__when",
      { "aria-label": t("Tid och plats") },
      h("p.waiting__title", null, state.meeting.title),
      h("p.waiting__time", null, t("kl. %(from)s–%(to)s", { from: clock(state.meeting.starts_at), to: clock(state.meeting.ends_at) })),
      h("p.waiting__day", null, day(state.meeting.starts_at)),
      h("p", null, begun(state, model.now)),
      h("p", null, leader(state)),
    ),
    h(
      "section.waiting__me",
      { "aria-label": t("Så syns och hörs du") },
      mirror(model),
      h(
        "div.check__quick",
        { role: "group", "aria-label": t("Ljud och bild") },
        h("button.ctl", { type: "button", class: model.devices.microphoneOn ? "" : "ctl--off", on: { click: () => acts.toggleMicrophone() } }, icon(model.devices.microphoneOn ? mic : micOff), h("span", null, model.devices.microphoneOn ? t("Mikrofon på") : t("Mikrofon av"))),
        h("button.ctl", { type: "button", class: model.devices.cameraOn ? "" : "ctl--off", on: { click: () => acts.toggleCamera() } }, icon(model.devices.cameraOn ? video : videoOff), h("span", null, model.devices.cameraOn ? t("Kamera på") : t("Kamera av"))),
        h("button.ctl", { type: "button", on: { click: () => acts.leave() } }, icon(logOut), h("span", null, t("Lämna väntrummet"))),
      ),
    ),
    state.invited.length > 0
      ? h("section.waiting__people", { "aria-labelledby": "invited-title" }, h("h2", { id: "invited-title" }, t("De här är inbjudna")), h("ul.people", null, subject(state), state.invited.map((one) => person(one, state))))
      : null,
    leads(state.me) && state.meeting.status === "open" ? button(doorOpen, t("Gå in i mötet"), () => acts.enter(), { wide: true }) : null,
  );
}

/** What happened, then what to do (direction.md, tone 2 and 8). */
function headline(state: State): readonly [string, string] {
  const { meeting, me } = state;
  const name = hostName(state);
  if (leads(me)) return [t("Mötet har inte börjat"), t("Det är planerat till %(day)s %(time)s och kan startas två timmar innan.", { day: day(meeting.starts_at), time: at(meeting.starts_at) })];
  if (me.state !== "waiting" && !meeting.waiting_room_open) return [t("Du är tidig"), t("Väntrummet öppnar %(time)s. Du kan lämna sidan öppen.", { time: at(meeting.waiting_room_opens_at) })];
  if (me.state === "admitted") return [t("Du är insläppt"), t("Vi öppnar dörren.")];
  const title = t("Du är i väntrummet");
  const own = state.participants.find((one) => one.id === me.participant);
  if (own && !own.encrypts) return [title, t("Din webbläsare kan inte kryptera mötet hela vägen. %(name)s bestämmer om du kan vara med ändå. Öppna annars länken i en nyare Chrome, Edge, Firefox eller Safari.", { name })];
  if (me.not_yet) return [title, t("%(name)s vet att du är här och behöver lite tid till. Du kan lämna sidan öppen.", { name })];
  if (meeting.status === "planned") return [title, t("Mötet har inte börjat. %(name)s ser att du är här när det öppnas, och släpper in dig.", { name })];
  const empty = hostAway(state);
  if (empty) return [title, `${empty} ${meeting.lobby_open ? t("En annan som leder mötet kan släppa in dig.") : t("Du har kvar din plats och släpps in när %(name)s är tillbaka.", { name })}`];
  return [title, t("%(name)s ser att du är här och släpper in dig snart.", { name })];
}

function begun(state: State, now: Date): Branch {
  const { meeting } = state;
  if (meeting.status === "open") return mark(check, t("Mötet har börjat"), "id");
  const minutes = minutesBetween(now, new Date(meeting.starts_at));
  if (minutes > 90) return mark(clockIcon, t("Har inte börjat"), "wait");
  if (minutes > 0) return mark(clockIcon, ngettext("Börjar om %(num)s minut", "Börjar om %(num)s minuter", minutes), "wait");
  return mark(clockIcon, t("Skulle ha börjat nu. Vi väntar på den som leder."), "wait");
}

function leader(state: State): Child {
  const { led_by: by } = state.meeting;
  if (!by) return null;
  return [h("b", null, by.name), `, ${[by.role.toLowerCase(), by.organisation].filter(Boolean).join(", ")}, `, t("leder mötet.")];
}

function subject(state: State): Branch {
  const { person: about } = state.meeting;
  return h("li", { key: "subject" }, face(about.initials, "home", true), h("div.who", null, h("b", null, about.name), h("span", null, t("Mötet gäller %(name)s", { name: about.given_name }))), mark(house, t("Är hemma")));
}

function person(one: Invited, state: State): Branch {
  const me = one.name === state.me.name && one.role === state.me.role;
  const [drawing, words] = me ? [userRound, t("Det är du")] : one.state === "here" ? [check, t("Är med")] : one.state === "arrived" ? [clockIcon, t("I väntrummet")] : one.state === "left" ? [logOut, t("Inte kvar just nu")] : [clockIcon, t("Väntas")];
  const lines = linesOf(one, state.meeting.person.given_name);
  return h("li", { key: one.invitation }, face(one.initials, one.party), h("div.who", null, h("b", null, one.name), lines.map((line, index) => h("span", { key: String(index) }, line))), mark(drawing, words, "plain"));
}

export function enteringView(model: Model): Branch {
  return h(
    "div.wrap.waiting",
    { key: "entering" },
    h(
      "div.waiting__intro",
      null,
      h("h1", { tabindex: -1, id: "view-title" }, model.screen === "entering" ? t("Vi öppnar dörren") : t("Vi hämtar mötet")),
      h("p.lead", { role: "status" }, t("Det tar bara ett ögonblick.")),
      model.hindrance ? note("wait", wifiOff, model.hindrance, "") : null,
    ),
  );
}
