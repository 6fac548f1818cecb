/** The room as three different screens: the professional's desk, the patient's kiosk, the phone. Same parts, same words. */

import house from "lucide-static/icons/house.svg";
import message from "lucide-static/icons/message-square.svg";
import shieldCheck from "lucide-static/icons/shield-check.svg";
import signal from "lucide-static/icons/signal.svg";
import signalLow from "lucide-static/icons/signal-medium.svg";
import userX from "lucide-static/icons/user-x.svg";
import users from "lucide-static/icons/users.svg";
import volumeIcon from "lucide-static/icons/volume-2.svg";
import { leads, waiting } from "../../meeting.js";
import { t } from "../../texts.js";
import type { Acts, Model, Panel } from "../model.js";
import { homeNames, methodWords, toYou, type Tile } from "../people.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { camera, chat, deskControls, devices, leave, microphone, people, phoneControls, volume } from "./controls.js";
import { knocking, knockStrip } from "./knock.js";
import { messageView } from "./messages.js";
import { panelBody, panelTitle, panelView } from "./panels.js";
import { badge } from "./parts.js";
import { safetyLine } from "./safety.js";
import { sightStrip, unrecognised } from "./sight.js";
import { flags, homeAway, media, nameOf, tileView } from "./tile.js";
import { clock, lineWords, minutesLeft } from "./words.js";

/** The house that stands in the ground line, its window lit. */
const MARK = '<path class="wall" d="M3 25V9.6L12 2l9 7.6V25"/><path class="lit" d="M9.7 12h4.6v4.6H9.7z"/>';

export function roomView(model: Model, acts: Acts): Branch {
  if (model.layout === "kiosk") return kiosk(model, acts);
  return model.layout === "phone" ? phone(model, acts) : desk(model, acts);
}

// ---- desk: the home is always the big tile, whoever speaks --------------------------------------------------------

function desk(model: Model, acts: Acts): Branch {
  const { state } = model;
  if (!state) return h("div", { key: "desk" });
  const [big, rest] = bigFirst(model.tiles);
  return h(
    "div.room",
    { key: "desk", class: model.panel ? "room--panel" : "" },
    h(
      "header.bar",
      { key: "bar" },
      h("span.bar__mark", null, icon(MARK)),
      h("h1", { id: "view-title", tabindex: -1 }, state.meeting.title),
      h("p.bar__time", null, h("b", null, clock(model.now)), h("span", null, minutesLeft(state, model.now))),
      h("p.bar__facts", null, identified(model.tiles), safetyLine(model, acts), line(model)),
    ),
    h(
      "section.stage",
      { key: "stage", "data-theme": "dark", "aria-label": t("De som är med") },
      h("div.stage__top", { key: "top" }, knockStrip(model, acts), sightStrip(model, acts), messageView(model, acts)),
      h(
        "div.faces",
        { key: "faces", class: `faces--${Math.min(9, rest.length)}` },
        big ? tileView(big, { class: "faces__home" }) : homeAway(state.meeting.person.given_name),
        rest.map((one) => tileView(one)),
      ),
      deskControls(model, acts),
    ),
    panelView(model, acts),
  );
}

/** A shared screen takes the big place; else the home. The home stays first in the row then. */
function bigFirst(tiles: readonly Tile[]): readonly [Tile | undefined, readonly Tile[]] {
  const big = tiles.find((one) => one.screen) ?? tiles.find((one) => one.home);
  return [big, tiles.filter((one) => one !== big)];
}

/** Of those who are connected: whom the nurse names in the home, nobody has identified here. */
function identified(tiles: readonly Tile[]): Branch | null {
  const people = tiles.filter((one) => !one.screen);
  if (people.length === 0) return null;
  const weak = people.filter((one) => methodWords(one.method)?.strong !== true);
  if (weak.length > 0) return h("span", { key: "id" }, icon(userX), t("Alla är inte e-legitimerade"));
  const same = people.every((one) => one.method === "bankid");
  return h("span", { key: "id" }, icon(shieldCheck), same ? t("Alla uppkopplade är identifierade med BankID") : t("Alla uppkopplade är identifierade"));
}

function line(model: Model): Branch {
  const words = lineWords(model);
  return h("span", { key: "line" }, icon(words.good ? signal : signalLow), words.text);
}

// ---- kiosk: whoever speaks, large enough for two metres; the home's own picture small -----------------------------

function kiosk(model: Model, acts: Acts): Branch {
  const { state } = model;
  if (!state) return h("div", { key: "kiosk" });
  const shown = model.tiles.find((one) => one.screen) ?? model.tiles.find((one) => one.key === model.speaker) ?? model.tiles.find((one) => !one.mine) ?? model.tiles[0];
  const others = model.tiles.filter((one) => one !== shown && (!one.screen || one.mine));
  const panel = model.panel ?? (knocking(model).length > 0 || unrecognised(model).length > 0 ? "people" : null);
  const shownModel: Model = { ...model, panel };
  return h(
    "div.kroom",
    { key: "kiosk", class: panel ? "kroom--lobby" : "" },
    h("h1.vh", { id: "view-title", tabindex: -1 }, state.meeting.title),
    h(
      "div.kroom__grid",
      null,
      h("ul.kroom__tiles", { key: "tiles", "aria-label": t("De som är med"), class: `kroom__tiles--${Math.min(6, Math.max(1, others.length))}` }, shown ? mainTile(shown) : alone(model), others.map((one) => smallTile(model, one))),
      panel ? h("div.kroom__side", { key: "side" }, panelView(shownModel, acts)) : null,
      h(
        "div.kroom__edge",
        { role: "group", key: "edge", "aria-label": t("Mötets knappar") },
        h("p.kroom__clock", { key: "clock" }, h("b", null, clock(model.now)), h("span", null, icon(lineWords(model).good ? signal : signalLow), lineWords(model).text)),
        safetyLine(model, acts),
        microphone(model, acts), camera(model, acts), volume(model, acts), chat(model, acts), people(shownModel, acts), devices(model, acts), leave(model, acts),
      ),
      messageView(model, acts),
    ),
  );
}

function mainTile(tile: Tile): Branch {
  const words = methodWords(tile.method, tile.identified);
  return h(
    "li.kseat.kseat--main",
    { key: tile.key, class: tile.speaking ? "kseat--talk" : "" },
    h("div.tile.tile--main", { key: "tile" }, media(tile)),
    h(
      "div.nameplate",
      { key: "plate" },
      h("span.nameplate__name", null, tile.mine && tile.home ? t("Här hemma") : nameOf(tile)),
      tile.screen ? null : h("span.nameplate__role", null, tile.lines.map((line, at) => h("span", { key: line }, at < tile.lines.length - 1 ? `${line}, ` : line))),
      words && !tile.screen ? h("span.nameplate__id", { class: words.strong ? "" : "nameplate__id--weak" }, icon(words.strong ? shieldCheck : userX), words.text) : null,
    ),
    tile.speaking ? h("p.talknow", { key: "talk" }, icon(volumeIcon), t("Talar nu")) : flags(tile),
  );
}

function smallTile(model: Model, tile: Tile): Branch {
  const given = model.state?.meeting.person.given_name ?? "";
  const own = tile.mine && tile.home;
  const line = tile.lines[0] ?? "";
  const toHim = toYou(line, given);
  return h(
    "li.kseat",
    { key: tile.key, class: tile.speaking ? "kseat--talk" : "" },
    h("div.tile", { key: "tile" }, media(tile)),
    h("div.kseat__head", { key: "head" }, h("b", null, own ? icon(house) : null, own ? t("Här hemma") : tile.mine ? t("Du") : tile.given), own ? null : flags(tile)),
    h(
      "p.kseat__who",
      { key: "who", class: toHim === line || own ? "" : "kseat__who--his" },
      h("span", null, own && model.state ? homeNames(model.state) : lower(toHim)),
      badge(tile),
    ),
  );
}

/** "Biståndshandläggare" in the middle of a plate is "biståndshandläggare"; names of places keep theirs. */
const lower = (text: string): string => (text ? (text[0] ?? "").toLowerCase() + text.slice(1) : "");

function alone(model: Model): Branch {
  const away = model.state?.invited.filter((one) => one.state === "expected" && !one.host).length ?? 0;
  return h("li.kseat.kseat--main.kseat--alone", { key: "alone" }, h("p", null, away > 0 ? t("Ni är först. De andra kommer snart.") : t("Mötet har börjat.")));
}

// ---- phone: home and speaker stay in view in every tab; controls at the thumb -------------------------------------

function phone(model: Model, acts: Acts): Branch {
  const { state } = model;
  if (!state) return h("div", { key: "phone" });
  const { panel } = model;
  const here = leads(state.me) ? waiting(state).length : 0;
  return h(
    "div.ph",
    { key: "phone" },
    h("header.ph__bar", { key: "bar" }, h("h1", { id: "view-title", tabindex: -1 }, state.meeting.title), h("b", null, clock(model.now)), devices(model, acts)),
    h(
      "div.tabs",
      { key: "tabs", role: "group", "aria-label": t("Delar av mötet") },
      tab(model, acts, null, users, t("Möte"), 0, ""),
      tab(model, acts, "chat", message, t("Chatt"), model.text.unread, t("nya")),
      tab(model, acts, "people", users, t("Deltagare"), here, t("väntar")),
    ),
    h("p.ph__safety", { key: "safety" }, safetyLine(model, acts)),
    h("div.ph__main", { key: "main" }, knockStrip(model, acts), sightStrip(model, acts), messageView(model, acts), panel ? [mini(model), h("section.ph__body", { key: `body-${panel}`, id: `panel-${panel}`, "aria-label": panelTitle(panel) }, h("h2", { key: "title", class: panel === "chat" || panel === "people" ? "vh" : "" }, panelTitle(panel)), panelBody(model, acts, panel))] : stage(model)),
    phoneControls(model, acts),
  );
}

function tab(model: Model, acts: Acts, panel: Panel | null, drawing: string, words: string, number: number, what: string): Branch {
  const current = model.panel === panel;
  return h(
    "button.tab",
    { type: "button", key: panel ?? "meeting", "aria-current": current ? "page" : null, on: { click: () => acts.show(panel) } },
    icon(drawing),
    h("span", null, words),
    number > 0 && !current ? h("span.n", null, String(number), h("span.vh", null, ` ${what}`)) : null,
  );
}

function phoneTiles(model: Model): { home: Tile | undefined; second: Tile | undefined; rest: readonly Tile[] } {
  const home = model.tiles.find((one) => one.home) ?? model.tiles.find((one) => !one.mine);
  const screen = model.tiles.find((one) => one.screen && !one.mine);
  const second = screen ?? model.tiles.find((one) => one.key === model.speaker && one !== home) ?? model.tiles.find((one) => one !== home && !one.mine);
  return { home, second, rest: model.tiles.filter((one) => one !== home && one !== second && !(one.screen && one.mine)) };
}

function stage(model: Model): Branch {
  const { home, second, rest } = phoneTiles(model);
  return h(
    "div.ph__stage",
    { key: "stage", "data-theme": "dark", class: second ? "" : "ph__stage--one" },
    home ? tileView(home, { joined: true }) : homeAway(model.state?.meeting.person.given_name ?? ""),
    second ? tileView(second, { joined: true }) : null,
    rest.length > 0 ? h("div.ph__small", { key: "small", class: `ph__small--${Math.min(rest.length, 6)}` }, rest.map((one) => tileView(one, { short: true }))) : null,
  );
}

function mini(model: Model): Child {
  const { home, second } = phoneTiles(model);
  return h("div.ph__mini", { key: "mini", "data-theme": "dark" }, [home, second].map((one) => (one ? tileView(one, { short: true }) : null)));
}
