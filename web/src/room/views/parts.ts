/** The kit's pieces (look/direction.md, "Components") as functions of the view: button, mark, message, face, control. */

import shieldCheck from "lucide-static/icons/shield-check.svg";
import userX from "lucide-static/icons/user-x.svg";
import type { Party } from "../../meeting.js";
import { methodWords, type Tile } from "../people.js";
import type { Picture } from "../seats.js";
import { h, icon, type Branch, type Child } from "../view.js";

export interface ButtonLook {
  readonly kind?: "second" | "quiet" | "stop";
  readonly small?: boolean;
  readonly wide?: boolean;
  /** The icon after the words: an arrow onward. */
  readonly after?: boolean;
  /** Words that stand while it is being done; the button cannot be pressed meanwhile. */
  readonly busy?: string | false;
  /** Added to the words for those who do not see what stands around. */
  readonly more?: string;
  readonly key?: string;
  readonly controls?: string;
  readonly expanded?: boolean;
}

export function button(drawing: string | null, words: string, act: () => void, look: ButtonLook = {}): Branch {
  const names = [look.kind && `button--${look.kind}`, look.small && "button--s", look.wide && "button--wide"].filter(Boolean).join(" ");
  const busy = look.busy;
  return h(
    "button.button",
    {
      class: names,
      type: "button",
      ...(look.key === undefined ? {} : { key: look.key }),
      "aria-busy": busy ? "true" : null,
      "aria-controls": look.controls,
      "aria-expanded": look.expanded === undefined ? null : String(look.expanded),
      on: { click: () => void (busy ? undefined : act()) },
    },
    drawing && !look.after && icon(drawing),
    h("span", null, busy || words, look.more && !busy ? vh(` ${look.more}`) : null),
    drawing && look.after && icon(drawing),
  );
}

export const vh = (words: string): Branch => h("span.vh", null, words);

export interface ControlLook {
  /** The act, said after the state: "Tryck för att stänga av". */
  readonly act?: string;
  readonly off?: boolean;
  readonly on?: boolean;
  readonly stop?: boolean;
  readonly count?: { readonly number: number; readonly words: string } | null;
  readonly controls?: string;
  readonly expanded?: boolean;
  readonly key: string;
}

export function control(drawing: string, words: string, act: () => void, look: ControlLook): Branch {
  const { count } = look;
  return h(
    "button.ctl",
    {
      type: "button",
      key: look.key,
      id: `ctl-${look.key}`,
      class: [look.stop && "ctl--stop", look.off && "ctl--off", look.on && "ctl--on"].filter(Boolean).join(" "),
      "aria-label": look.act ? `${words}. ${look.act}` : null,
      "aria-controls": look.expanded ? look.controls : null,
      "aria-expanded": look.expanded === undefined ? null : String(look.expanded),
      on: { click: act },
    },
    icon(drawing),
    h("span", null, words),
    count && count.number > 0 ? h("b.count", null, String(count.number), vh(` ${count.words}`)) : null,
  );
}

export function note(kind: "info" | "ok" | "wait" | "stop", drawing: string, first: string, rest: string, ...more: readonly Child[]): Branch {
  return h("div.note", { class: kind === "info" ? "" : `note--${kind}` }, icon(drawing), h("p", null, h("b", null, first), rest ? ` ${rest}` : null), more);
}

export const mark = (drawing: string | null, words: string, kind = ""): Branch =>
  h("span.mark", { class: kind ? `mark--${kind}` : "" }, drawing && icon(drawing), words);

/** "Identifierad med BankID"; the exception is framed. */
export function methodMark(method: string, whose = ""): Branch | null {
  const words = methodWords(method, whose);
  return words && mark(words.strong ? shieldCheck : userX, words.text, words.strong ? "id" : "noid");
}

/** The tile's own badge: "BankID" to the eye, the whole sentence to a screen reader. A shared screen has none. */
export function badge(tile: Tile): Branch | null {
  const words = tile.screen ? null : methodWords(tile.method, tile.identified);
  if (!words) return null;
  const same = words.short === words.text;
  return h(
    "span.badge",
    { key: "id", class: words.strong ? "" : "badge--noid" },
    icon(words.strong ? shieldCheck : userX),
    same ? words.text : [h("span", { "aria-hidden": "true" }, words.short), vh(words.text)],
  );
}

export const face = (initials: string, party: Party | null, house = false): Branch =>
  h("span.face", { class: `face--${party ?? "other"}${house ? " face--house" : ""}`, "aria-hidden": "true" }, initials);

/** A playing picture. Who it shows is written beside it, so it is nothing to a screen reader. */
export function moving(picture: Picture, look: { readonly mirrored?: boolean; readonly whole?: boolean } = {}): Branch {
  return h("video.moving", {
    key: `moving:${picture.id}`,
    class: [look.mirrored && "moving--mirrored", look.whole && "moving--whole"].filter(Boolean).join(" "),
    autoplay: true,
    playsinline: true,
    muted: true,
    disablepictureinpicture: true,
    "aria-hidden": "true",
    tabindex: -1,
    attach: {
      id: picture.id,
      to: (element) => {
        picture.attach(element as HTMLVideoElement);
        return () => void picture.detach(element as HTMLVideoElement);
      },
    },
  });
}

