/** What the room says of its encryption: one line that is always there, and behind it the code and what it is for. */

import lock from "lucide-static/icons/lock.svg";
import lockOpen from "lucide-static/icons/lock-open.svg";
import triangleAlert from "lucide-static/icons/triangle-alert.svg";
import { t } from "../../texts.js";
import type { Safety } from "../encryption/encryption.js";
import type { Acts, Model } from "../model.js";
import { listed } from "../people.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { panelId } from "./controls.js";
import { note, vh } from "./parts.js";

/** "482 913": read aloud in two breaths. */
export const spaced = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`;

export function safetyWords(safety: Safety): string {
  return safety.mode === "on" ? t("Krypterat hela vägen, spelas inte in") : t("Krypterad förbindelse, spelas inte in");
}

/** Always in view; pressing it shows the code, large, and what to do with it. */
export function safetyLine(model: Model, acts: Acts): Branch {
  const { safety, panel } = model;
  const open = panel === "safety";
  const code = safety.mode === "on" && safety.code ? spaced(safety.code) : "";
  return h(
    "button.safety",
    {
      type: "button",
      key: "safety",
      id: "ctl-safety",
      class: safety.mode === "off" || safety.code === null ? "safety--off" : "",
      "aria-expanded": String(open),
      "aria-controls": open ? panelId("safety") : null,
      on: { click: () => acts.show(open ? null : "safety") },
    },
    icon(safety.code === null ? triangleAlert : safety.mode === "off" ? lockOpen : lock),
    h("span", null, safetyWords(safety), code ? h("b", { key: "code" }, t("Kod %(code)s", { code })) : safety.code === null ? h("b", { key: "code" }, t("Koden stämmer inte")) : null),
  );
}

export function safetyBody(model: Model): Child {
  const { safety } = model;
  return [
    h("p", { key: "recording" }, t("Mötet spelas inte in.")),
    ...(safety.mode === "off" ? plain(safety) : safety.code === null ? [mismatch()] : encrypted(safety)),
    safety.unsure.length > 0 ? h("div", { key: "unsure" }, unsure(safety)) : null,
  ];
}

function encrypted(safety: Safety): Child[] {
  return [
    h("p", { key: "what" }, t("Ljud, bild och chatt låses i din webbläsare och låses upp först hos de andra. Ingen på vägen kan se eller höra, inte vi heller.")),
    safety.code
      ? h(
          "div.code",
          { key: "code" },
          h("p.code__digits", null, h("span", { "aria-hidden": "true" }, spaced(safety.code)), vh([...safety.code].join(" "))),
          h("p", null, t("Läs upp siffrorna för varandra. Ser alla samma siffror har ingen smugit sig emellan.")),
        )
      : h("p", { key: "code" }, t("Koden visas när någon mer är med.")),
    h("p", { key: "change" }, t("Koden byts när någon kommer eller går. Det är som det ska.")),
  ];
}

function plain(safety: Safety): Child[] {
  return [h("div", { key: "plain" }, plainNote(safety)), h("p", { key: "back" }, t("Krypteringen hela vägen kommer tillbaka av sig själv när alla som är med kan."))];
}

const mismatch = (): Branch =>
  h(
    "div",
    { key: "mismatch" },
    note("stop", triangleAlert, t("Säkerhetskoden stämmer inte."), t("Säg inget hemligt i mötet. Lämna och gå in igen. Händer det igen, ring den som bjöd in dig.")),
  );

/** Shown to all, also over the faces: who takes part without, and who allowed it. */
export function plainNote(safety: Safety): Branch {
  const names = listed([...new Set(safety.without.map((one) => one.name))]);
  const leaders = listed([...new Set(safety.without.map((one) => one.allowedBy))]);
  const who = names ? t("%(names)s har en webbläsare som inte kan. %(leader)s har bestämt att mötet hålls ändå.", { names, leader: leaders }) : "";
  return note("wait", lockOpen, t("Mötet är inte krypterat hela vägen."), `${who} ${t("Ljud och bild är krypterade till och från servern.")}`.trim());
}

export const unsure = (safety: Safety): Branch =>
  note("stop", triangleAlert, t("Vi kan inte bekräfta nyckeln för %(names)s.", { names: listed(safety.unsure) }), t("Ljud och bild går inte fram mellan er. Be personen ladda om sidan."));
