/** Who is shown as the speaker: steady, so that a cough does not turn the picture. */

export interface Spoke {
  readonly identity: string;
  readonly speaking: boolean;
}

export interface SpeakerChoice {
  /** Shown large; stays on the last one when everybody is silent. */
  readonly shown: string | null;
  /** Another who has begun to speak, and since when (milliseconds). */
  readonly coming: { readonly identity: string; readonly since: number } | null;
}

export const NOBODY: SpeakerChoice = { shown: null, coming: null };

/** How long another must have spoken before the picture turns to them, milliseconds. */
export const TURN_AFTER = 900;

/** `speaking`: those who may be shown, loudest first. */
export function choose(before: SpeakerChoice, people: readonly Spoke[], now: number): SpeakerChoice {
  const here = new Set(people.map((one) => one.identity));
  const shown = before.shown !== null && here.has(before.shown) ? before.shown : null;
  const loud = people.filter((one) => one.speaking);
  if (shown === null) return { shown: loud[0]?.identity ?? people[0]?.identity ?? null, coming: null };
  if (loud.length === 0 || loud.some((one) => one.identity === shown)) return { shown, coming: null };
  const first = loud[0];
  if (!first) return { shown, coming: null };
  const since = before.coming?.identity === first.identity ? before.coming.since : now;
  if (now - since >= TURN_AFTER) return { shown: first.identity, coming: null };
  return { shown, coming: { identity: first.identity, since } };
}
