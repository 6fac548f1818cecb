/**
 * The travel laptop's checks before a meeting: what was measured becomes one sentence that says what is, and what to do
 * where a hand is needed. Measuring is done by `pages/kiosk.ts`.
 */

import { ngettext, t } from "./texts";

export interface Verdict {
  readonly state: "ok" | "warn";
  /** Said in bold where a hand is needed. */
  readonly first: string;
  readonly rest: string;
}

const ok = (first: string): Verdict => ({ state: "ok", first, rest: "" });
const warn = (first: string, rest: string): Verdict => ({ state: "warn", first, rest });

/** Mean brightness of a frame, 0..255; null where no camera gave a picture. A shut cover is nearly black. */
export function cameraVerdict(brightness: number | null): Verdict {
  if (brightness === null) return warn(t("Kameran syns inte."), t("Dra ut och sätt i den igen, eller stäng andra program."));
  if (brightness < 8) return warn(t("Kameran ser bara mörker."), t("Skjut undan luckan eller tänd en lampa."));
  return ok(t("Kameran ser dig"));
}

/** The loudest moment in a few seconds, 0..1 of full scale; null where there is no microphone. */
export function microphoneVerdict(peak: number | null): Verdict {
  if (peak === null) return warn(t("Mikrofonen syns inte."), t("Sätt i den igen och kontrollera på nytt."));
  if (peak < 0.01) return warn(t("Mikrofonen hör inget."), t("Säg något och kontrollera igen."));
  return ok(t("Mikrofonen hör dig"));
}

/** Whether the person heard the tone; null where it could not be played. */
export function speakerVerdict(heard: boolean | null): Verdict {
  if (heard === null) return warn(t("Högtalaren går inte att prova."), t("Kontrollera att ljudet är på."));
  if (!heard) return warn(t("Högtalaren hördes inte."), t("Höj ljudet och kontrollera igen."));
  return ok(t("Högtalaren låter som den ska"));
}

/** Median answer time in milliseconds and bits per second of a small fetch; null where nothing answered. */
export function networkVerdict(measured: { readonly answer: number; readonly rate: number } | null): Verdict {
  if (measured === null) return warn(t("Datorn har inget nät."), t("Slå på mobilnätet, eller gå närmare ett fönster."));
  if (measured.answer > 800) return warn(t("Nätet är långsamt."), t("Ljudet går före bilden. Gå närmare ett fönster om det går."));
  if (measured.rate < 700_000) return warn(t("Nätet är svagt."), t("Det räcker till ljud. Gå närmare ett fönster om du vill ha bild."));
  return ok(t("Nätet räcker till ljud och bild"));
}

/** level: 0..1; minutes: how long it lasts, where the browser says. */
export function batteryVerdict(charging: boolean, level: number, minutes: number | null): Verdict {
  if (charging) return ok(t("Laddaren sitter i"));
  const percent = Math.round(level * 100);
  if (minutes !== null && minutes < 120) {
    return warn(t("Sätt i laddaren."), ngettext("Batteriet räcker i ungefär %(num)s minut.", "Batteriet räcker i ungefär %(num)s minuter.", minutes));
  }
  if (level < 0.5) return warn(t("Sätt i laddaren."), t("Batteriet har %(percent)s procent kvar.", { percent }));
  return ok(t("Batteriet har %(percent)s procent kvar.", { percent }));
}

/** The mean of a picture's red, green and blue, 0..255. */
export function brightness(pixels: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at + 2 < pixels.length; at += 4) {
    sum += (pixels[at] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at + 2] ?? 0);
    count += 3;
  }
  return count === 0 ? 0 : sum / count;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
