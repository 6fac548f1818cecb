/** The meeting's buttons: each says its state in words, and its name what pressing does. */

import hand from "lucide-static/icons/hand.svg";
import logOut from "lucide-static/icons/log-out.svg";
import message from "lucide-static/icons/message-square.svg";
import mic from "lucide-static/icons/mic.svg";
import micOff from "lucide-static/icons/mic-off.svg";
import monitorUp from "lucide-static/icons/monitor-up.svg";
import settings from "lucide-static/icons/settings-2.svg";
import users from "lucide-static/icons/users.svg";
import video from "lucide-static/icons/video.svg";
import videoOff from "lucide-static/icons/video-off.svg";
import volumeDown from "lucide-static/icons/volume-1.svg";
import volumeUp from "lucide-static/icons/volume-2.svg";
import { leads, waiting } from "../../meeting.js";
import { ngettext, t } from "../../texts.js";
import type { Acts, Model, Panel } from "../model.js";
import { h, type Branch } from "../view.js";
import { control } from "./parts.js";

export const panelId = (panel: Panel): string => `panel-${panel}`;

export function microphone(model: Model, acts: Acts): Branch {
  const there = model.devices.microphone === "open";
  const on = there && model.devices.microphoneOn;
  const kiosk = model.layout === "kiosk";
  const words = on ? (kiosk ? t("Mikrofonen är på") : t("Mikrofon på")) : kiosk ? t("Mikrofonen är av") : t("Mikrofon av");
  return control(on ? mic : micOff, words, () => acts.toggleMicrophone(), { key: "mic", off: !on, act: on ? t("Tryck för att stänga av") : t("Tryck för att sätta på") });
}

export function camera(model: Model, acts: Acts): Branch {
  const on = model.devices.preview !== null && model.devices.cameraOn && !model.savedOnPicture;
  const kiosk = model.layout === "kiosk";
  const words = on ? (kiosk ? t("Kameran är på") : t("Kamera på")) : kiosk ? t("Kameran är av") : t("Kamera av");
  return control(on ? video : videoOff, words, () => acts.toggleCamera(), { key: "camera", off: !on, act: on ? t("Tryck för att stänga av") : t("Tryck för att sätta på") });
}

export function raise(model: Model, acts: Acts): Branch {
  const words = model.hand ? t("Ta ner handen") : model.layout === "phone" ? t("Räck upp") : t("Räck upp handen");
  return control(hand, words, () => acts.toggleHand(), { key: "hand", on: model.hand });
}

export function screen(model: Model, acts: Acts): Branch | null {
  if (!model.devices.canShare) return null;
  const on = model.devices.sharing;
  return control(monitorUp, on ? t("Sluta visa skärmen") : t("Visa skärmen"), () => acts.toggleScreen(), { key: "screen", on });
}

export function chat(model: Model, acts: Acts): Branch {
  return panelControl(model, acts, "chat", message, t("Chatt"), model.text.unread, t("nya"));
}

export function devices(model: Model, acts: Acts): Branch {
  return panelControl(model, acts, "devices", settings, model.layout === "phone" ? t("Mer") : t("Ljud och bild"), 0, "");
}

export function people(model: Model, acts: Acts): Branch {
  const here = model.state && leads(model.state.me) ? waiting(model.state).length : 0;
  const words = here > 0 ? ngettext("%(num)s väntar", "%(num)s väntar", here) : model.layout === "kiosk" ? t("Alla i mötet") : t("Deltagare");
  return panelControl(model, acts, "people", users, words, model.layout === "kiosk" ? 0 : here, t("väntar"));
}

function panelControl(model: Model, acts: Acts, panel: Panel, drawing: string, words: string, number: number, what: string): Branch {
  const open = model.panel === panel;
  return control(drawing, words, () => acts.show(open ? null : panel), { key: panel, on: open, expanded: open, controls: panelId(panel), count: number > 0 ? { number, words: what } : null });
}

export function leave(model: Model, acts: Acts): Branch {
  return control(logOut, model.layout === "kiosk" ? t("Avsluta") : t("Lämna"), () => acts.leave(), { key: "leave", stop: true, act: t("Lämna mötet") });
}

export function volume(model: Model, acts: Acts): Branch {
  const level = Math.round(model.volume * 10);
  return h(
    "div.vol",
    { role: "group", key: "volume", "aria-label": t("Ljudstyrka %(level)s av 10", { level }) },
    control(volumeDown, t("Lägre"), () => acts.volume(-0.1), { key: "lower", act: t("Sänk ljudet") }),
    control(volumeUp, t("Högre"), () => acts.volume(0.1), { key: "higher", act: t("Höj ljudet") }),
  );
}

export function deskControls(model: Model, acts: Acts): Branch {
  return h(
    "div.ctls",
    { role: "group", "aria-label": t("Mötets knappar"), key: "controls" },
    microphone(model, acts), camera(model, acts), screen(model, acts), raise(model, acts), chat(model, acts), people(model, acts), devices(model, acts), leave(model, acts),
  );
}

export function phoneControls(model: Model, acts: Acts): Branch {
  return h(
    "div.ph__ctls",
    { role: "group", "aria-label": t("Mötets knappar"), key: "controls" },
    microphone(model, acts), camera(model, acts), raise(model, acts), leave(model, acts),
  );
}
