/** One seat's picture with its name: locked from the server, never see-through, and its state in words. */

import hand from "lucide-static/icons/hand.svg";
import house from "lucide-static/icons/house.svg";
import micOff from "lucide-static/icons/mic-off.svg";
import monitor from "lucide-static/icons/monitor.svg";
import signalLow from "lucide-static/icons/signal-medium.svg";
import volume from "lucide-static/icons/volume-2.svg";
import wifiOff from "lucide-static/icons/wifi-off.svg";
import { t } from "../../texts.js";
import type { Tile } from "../people.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { badge, face, moving } from "./parts.js";

export function media(tile: Tile, house_ = tile.home): Branch {
  const { picture } = tile;
  const gone = tile.line === "back" || tile.line === "coming";
  // Several people sit in the home: none of them may be cut away. Whoever looks at themselves knows what is outside.
  const whole = tile.screen || (tile.home && !tile.mine);
  return h(
    "div.tile__media",
    { key: "media" },
    picture && !gone ? moving(picture, { mirrored: tile.mine, whole }) : h("div.tile__empty", null, face(tile.initials, tile.party, house_)),
  );
}

/** Speaks, or what stands in the way of hearing and seeing: in the picture's corner, or in the plate where the picture is small. */
export function flags(tile: Tile): Child {
  const out: Branch[] = [];
  if (tile.hand) out.push(h("span.flag.flag--now", { key: "hand" }, icon(hand), tile.mine ? t("Din hand är uppe") : t("Handen uppe")));
  if (tile.line === "back") out.push(h("span.flag", { key: "back" }, icon(wifiOff), t("Kommer tillbaka …")));
  else if (tile.line === "coming") out.push(h("span.flag", { key: "coming" }, icon(volume), t("Är på väg in")));
  else if (tile.speaking) out.push(h("span.flag.flag--now", { key: "talk" }, icon(volume), t("Talar")));
  else if (!tile.microphone && !tile.screen) out.push(h("span.flag", { key: "mute" }, icon(micOff), t("Ljud av")));
  if (tile.line === "weak") out.push(h("span.flag", { key: "weak" }, icon(signalLow), t("Svagt nät")));
  return out.length > 0 ? h("span.flags", { key: "flags" }, out.slice(0, 2)) : null;
}

export function nameOf(tile: Tile): string {
  if (tile.screen) return tile.mine ? t("Din skärm") : t("%(name)s visar sin skärm", { name: tile.name });
  return tile.mine && !tile.home ? t("Du, %(name)s", { name: tile.name }) : tile.name;
}

export const tileIcon = (tile: Tile): Branch | null => (tile.screen ? icon(monitor) : tile.home ? icon(house) : null);

export interface TileLook {
  readonly class?: string;
  /** Only the name and the state, all of it in the plate: the picture is too small to give any of it away. */
  readonly short?: boolean;
  /** Role and organisation on one line. */
  readonly joined?: boolean;
}

/** The ordinary tile of desk and phone. */
export function tileView(tile: Tile, look: TileLook = {}): Branch {
  const symbol = tileIcon(tile);
  return h(
    "figure.tile",
    { key: tile.key, class: [look.class, tile.speaking && "tile--talk"].filter(Boolean).join(" ") },
    media(tile),
    h(
      "figcaption.plate",
      { key: "plate", class: symbol ? "plate--symbol" : "" },
      symbol,
      h(
        "span.plate__words",
        null,
        h("span.plate__top", null, h("b", null, look.short ? shortName(tile) : nameOf(tile)), badge(tile), look.short ? flags(tile) : null),
        look.short || tile.screen ? null : linesUnder(tile, look.joined),
      ),
    ),
    look.short ? null : flags(tile),
  );
}

function shortName(tile: Tile): string {
  if (tile.screen) return nameOf(tile);
  if (tile.home) return t("Hos %(name)s", { name: tile.given });
  return tile.mine ? t("Du") : tile.name;
}

const linesUnder = (tile: Tile, joined = false): Child =>
  (joined ? [tile.lines.join(", ")] : tile.lines).map((line) => h("span.plate__line", { key: line }, line));

/** The home's place while nobody sits there: true before anybody came and after they went. */
export const homeAway = (given: string): Branch =>
  h("figure.tile.faces__home", { key: "home-away" }, h("div.tile__media", null, h("div.tile__empty", null, face("", "home", true))), h("figcaption.plate.plate--symbol", null, icon(house), h("span", null, h("b", null, t("Hemma hos %(name)s", { name: given })), h("span.plate__line", null, t("Är inte med just nu")))));
