/** The device check: a picture of oneself, how loud one is heard, a sound to hear, and plain help where something is missing. */

import arrowRight from "lucide-static/icons/arrow-right.svg";
import check from "lucide-static/icons/check.svg";
import doorOpen from "lucide-static/icons/door-open.svg";
import headphones from "lucide-static/icons/headphones.svg";
import info from "lucide-static/icons/info.svg";
import mic from "lucide-static/icons/mic.svg";
import micOff from "lucide-static/icons/mic-off.svg";
import rotate from "lucide-static/icons/rotate-cw.svg";
import video from "lucide-static/icons/video.svg";
import videoOff from "lucide-static/icons/video-off.svg";
import volume from "lucide-static/icons/volume-2.svg";
import { leads } from "../../meeting.js";
import { t } from "../../texts.js";
import type { Device, DeviceState } from "../devices.js";
import type { Acts, Model } from "../model.js";
import { h, icon, type Branch, type Child } from "../view.js";
import { button, face, moving, note } from "./parts.js";
import { deviceLabel } from "./words.js";

export function checkView(model: Model, acts: Acts): Branch {
  const { state } = model;
  return h(
    "div.wrap.check",
    { key: "check" },
    h(
      "div.check__intro",
      null,
      h("h1", { tabindex: -1, id: "view-title" }, t("Prova ljud och bild")),
      h("p.lead", null, t("Det är bara du som ser och hör det här. När du är redo går du vidare.")),
      state?.me.state === "admitted" ? note("ok", check, t("Du är välkommen in."), t("Tryck på knappen när ljud och bild är bra.")) : null,
      model.hindrance ? note("wait", info, model.hindrance, "") : null,
    ),
    h("section.check__see", { "aria-label": t("Så syns och hörs du") }, mirror(model), quickControls(model, acts), meter(model, acts), help(model, acts)),
    h("section.slab.check__choose", { "aria-labelledby": "choose-title" }, h("h2", { id: "choose-title" }, t("Välj enheter")), deviceFields(model, acts)),
    h("div.check__go", null, goButton(model, acts), h("p.muted", null, goHint(model))),
  );
}

function goButton(model: Model, acts: Acts): Branch {
  const { state } = model;
  const opening = model.devices.microphone === "opening";
  if (state && leads(state.me)) {
    const open = state.meeting.status === "open";
    return button(doorOpen, open ? t("Gå in i mötet") : t("Starta mötet"), () => acts.ready(), { wide: true, key: "go", busy: opening && t("Väntar på mikrofonen") });
  }
  const words = state?.me.state === "admitted" || state?.me.state === "in_room" ? t("Gå in i mötet") : t("Jag är redo");
  return button(arrowRight, words, () => acts.ready(), { wide: true, after: true, key: "go", busy: opening && t("Väntar på mikrofonen") });
}

function goHint(model: Model): string {
  const { state } = model;
  if (!state || leads(state.me)) return "";
  if (state.me.state === "admitted" || state.me.state === "in_room") return "";
  const leader = state.meeting.led_by?.given_name;
  return leader ? t("Du kommer till väntrummet. %(name)s släpper in dig när mötet börjar.", { name: leader }) : t("Du kommer till väntrummet.");
}

/** One's own picture, as in a mirror. */
export function mirror(model: Model): Branch {
  const { preview, cameraOn } = model.devices;
  const me = model.state?.me;
  return h(
    "div.tile.mirror",
    { "data-theme": "dark", key: "mirror" },
    preview && cameraOn ? moving(preview, { mirrored: true }) : h("div.tile__empty", null, face(me?.initials ?? "", me?.party ?? "other")),
    h("p.plate", null, preview && cameraOn ? t("Din bild") : t("Din kamera är av")),
  );
}

function quickControls(model: Model, acts: Acts): Branch {
  const { devices } = model;
  const micOn = devices.microphoneOn && devices.microphone === "open";
  const cameraOn = devices.cameraOn && devices.preview !== null;
  return h(
    "div.check__quick",
    { role: "group", "aria-label": t("Ljud och bild") },
    h("button.ctl", { type: "button", class: micOn ? "" : "ctl--off", on: { click: () => acts.toggleMicrophone() } }, icon(micOn ? mic : micOff), h("span", null, micOn ? t("Mikrofon på") : t("Mikrofon av"))),
    h("button.ctl", { type: "button", class: cameraOn ? "" : "ctl--off", on: { click: () => acts.toggleCamera() } }, icon(cameraOn ? video : videoOff), h("span", null, cameraOn ? t("Kamera på") : t("Kamera av"))),
    h("button.ctl", { type: "button", on: { click: () => acts.tryout() } }, icon(headphones), h("span", null, t("Spela ett ljud"))),
  );
}

/** Drawn at each frame beside the model: it moves too often to redraw the page for. */
function meter(model: Model, acts: Acts): Branch {
  const open = model.devices.microphone === "open" && model.devices.microphoneOn;
  return h(
    "div.level",
    { key: "level" },
    h("p", { id: "level-words" }, icon(open ? mic : micOff), open ? t("Säg något. Strecken fylls när vi hör dig.") : t("Vi hör dig inte. Mikrofonen är av.")),
    h("div.level__bar", {
      role: "meter", "aria-valuemin": 0, "aria-valuemax": 10, "aria-labelledby": "level-words",
      attach: {
        id: open ? "on" : "off",
        to: (element) => {
          let frame = 0;
          let shown = 0;
          let before = -1;
          const draw = (): void => {
            shown = Math.max(acts.level(), shown * 0.9);
            const level = Math.round(shown * 10);
            if (level !== before) show(level);
            before = level;
            frame = requestAnimationFrame(draw);
          };
          const show = (level: number): void => {
            element.style.setProperty("--level", String(level));
            element.setAttribute("aria-valuenow", String(level));
          };
          if (open) draw();
          else show(0);
          return () => cancelAnimationFrame(frame);
        },
      },
    }),
  );
}

export function help(model: Model, acts: Acts): Child {
  const { devices } = model;
  return [
    trouble(devices.microphone, {
      icon: micOff, retry: () => acts.openMicrophone(),
      denied: [t("Sidan får inte använda mikrofonen."), t("Tryck på hänglåset vid adressen överst och välj Tillåt för mikrofonen. Tryck sedan på Försök igen.")],
      missing: [t("Vi hittar ingen mikrofon."), t("Sätt i ett headset, eller vänta lite om du nyss gjorde det. Du kan vara med ändå, och skriva i chatten.")],
      busy: [t("Ett annat program använder mikrofonen."), t("Stäng andra videosamtal och försök igen.")],
    }),
    trouble(devices.camera, {
      icon: videoOff, retry: () => acts.openCamera(),
      denied: [t("Sidan får inte använda kameran."), t("Tryck på hänglåset vid adressen överst och välj Tillåt för kameran. Du kan vara med utan bild.")],
      missing: [t("Vi hittar ingen kamera."), t("Du kan vara med utan bild. De andra ser ditt namn.")],
      busy: [t("Ett annat program använder kameran."), t("Stäng andra videosamtal och försök igen. Du kan vara med utan bild.")],
    }),
  ];
}

interface Trouble {
  readonly icon: string;
  readonly retry: () => void;
  readonly denied: readonly [string, string];
  readonly missing: readonly [string, string];
  readonly busy: readonly [string, string];
}

function trouble(state: DeviceState, words: Trouble): Child {
  if (state === "off" || state === "open" || state === "opening") return null;
  const [first, rest] = state === "denied" ? words.denied : state === "missing" ? words.missing : words.busy;
  return note("wait", words.icon, first, rest, h("p", null, button(rotate, t("Försök igen"), words.retry, { kind: "second", small: true, more: first })));
}

/** Camera, microphone and loudspeaker to choose from; used here and in the room's panel. */
export function deviceFields(model: Model, acts: Acts): Branch {
  const { lists, chosen, choosesSpeaker } = model.devices;
  return h(
    "div.device-fields",
    null,
    choice("camera", t("Kamera"), lists.cameras, chosen.camera, (id) => acts.chooseCamera(id)),
    choice("microphone", t("Mikrofon"), lists.microphones, chosen.microphone, (id) => acts.chooseMicrophone(id)),
    choosesSpeaker ? choice("speaker", t("Högtalare"), lists.speakers, chosen.speaker, (id) => acts.chooseSpeaker(id)) : null,
    button(volume, t("Spela ett ljud"), () => acts.tryout(), { kind: "second", small: true, more: t("för att prova högtalaren") }),
  );
}

function choice(name: string, label: string, devices: readonly Device[], chosen: string, choose: (id: string) => void): Branch {
  const id = `device-${name}`;
  return h(
    "div.field",
    { key: name },
    h("label", { for: id }, label),
    h(
      "select",
      { id, on: { change: (event: Event) => choose((event.target as HTMLSelectElement).value) } },
      devices.length === 0 ? h("option", { value: "" }, t("Ingen hittad")) : null,
      devices.map((one, at) => h("option", { key: one.id, value: one.id, selected: one.id === chosen }, deviceLabel(one.label, at + 1))),
    ),
  );
}
