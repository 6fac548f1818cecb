/** What opens beside the faces: chat, people, sound and picture, who is at home, keyboard. One at a time, closed by Escape. */

import keyboard from "lucide-static/icons/keyboard.svg";
import x from "lucide-static/icons/x.svg";
import { t } from "../../texts.js";
import type { Acts, Model, Panel } from "../model.js";
import { h, type Branch, type Child } from "../view.js";
import { chatBody } from "./chat.js";
import { deviceFields, help } from "./check.js";
import { panelId, screen } from "./controls.js";
import { homeForm } from "./home.js";
import { peopleBody } from "./people.js";
import { button } from "./parts.js";
import { safetyBody } from "./safety.js";

export function panelTitle(panel: Panel): string {
  switch (panel) {
    case "chat":
      return t("Chatt");
    case "people":
      return t("Alla i mötet");
    case "devices":
      return t("Ljud och bild");
    case "home":
      return t("Vilka är hemma?");
    case "keys":
      return t("Tangentbordet");
    case "safety":
      return t("Så är mötet skyddat");
  }
}

export function panelBody(model: Model, acts: Acts, panel: Panel): Child {
  switch (panel) {
    case "chat":
      return chatBody(model, acts);
    case "people":
      return peopleBody(model, acts, model.layout !== "kiosk");
    case "devices":
      return devicesBody(model, acts);
    case "home":
      return homeForm(model, acts);
    case "keys":
      return keysBody(model, acts);
    case "safety":
      return safetyBody(model);
  }
}

export function panelView(model: Model, acts: Acts): Branch | null {
  const { panel } = model;
  if (!panel) return null;
  return h(
    "section.panel",
    { key: `panel-${panel}`, id: panelId(panel), class: `panel--${panel}`, "data-theme": "light", "aria-labelledby": "panel-title" },
    h("header.panel__head", null, h("h2", { id: "panel-title", tabindex: -1 }, panelTitle(panel)), button(x, t("Stäng"), () => acts.show(null), { kind: "second", small: model.layout !== "kiosk" })),
    h("div.panel__body", { key: "body" }, panelBody(model, acts, panel)),
  );
}

function devicesBody(model: Model, acts: Acts): Child {
  return [
    model.layout === "kiosk" || model.layout === "phone" ? h("div.panel__acts", { key: "more" }, model.layout === "kiosk" ? screen(model, acts) : null) : null,
    deviceFields(model, acts),
    h("div", { key: "help" }, help(model, acts)),
    h("div.panel__acts", { key: "keys" }, button(keyboard, t("Tangentbordet"), () => acts.show("keys"), { kind: "second", small: true })),
  ];
}

export const SHORTCUTS = [
  { keys: "Alt + M", code: "KeyM", words: () => t("Mikrofon av eller på") },
  { keys: "Alt + K", code: "KeyK", words: () => t("Kamera av eller på") },
  { keys: "Alt + U", code: "KeyU", words: () => t("Handen upp eller ner") },
  { keys: "Alt + C", code: "KeyC", words: () => t("Öppna eller stäng chatten") },
  { keys: "Alt + D", code: "KeyD", words: () => t("Öppna eller stäng deltagarna") },
] as const;

function keysBody(model: Model, acts: Acts): Child {
  return [
    h("p", { key: "intro" }, t("Alla knappar nås med Tab och trycks med Enter eller mellanslag. Esc stänger det som är öppet.")),
    h("dl.keys", { key: "keys" }, SHORTCUTS.map((one) => [h("dt", null, h("kbd", null, one.keys)), h("dd", null, one.words())])),
    h("label.rtt", { key: "off" }, h("input", { type: "checkbox", checked: model.keysOn, on: { change: (event: Event) => acts.setKeys((event.target as HTMLInputElement).checked) } }), h("span", null, t("Använd kortkommandona"))),
  ];
}
