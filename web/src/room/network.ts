/**
 * What to give up when the network is weak, and when to take it back. Sound is never given up: first our own picture goes
 * (small, then none), then the others' pictures (small, then none). Values in, values out; seconds are the caller's clock.
 */

export type Quality = "excellent" | "good" | "poor" | "lost" | "unknown";

/** One look at the connection. Losses are shares 0–1 of the packets since the last look, null when nothing was sent. */
export interface Look {
  readonly at: number;
  readonly quality: Quality;
  readonly lossUp: number | null;
  readonly lossDown: number | null;
  readonly roundTrip: number | null;
}

/** 0: everything. 1: own picture small. 2: no own picture. 3: others' pictures small. 4: sound only. */
export type Step = 0 | 1 | 2 | 3 | 4;

export interface Network {
  readonly step: Step;
  /** Since when it has looked bad or good without a break, seconds. */
  readonly badSince: number | null;
  readonly goodSince: number | null;
  readonly changedAt: number;
  /** How long it must look good before the next step up; doubles when a step up did not last. */
  readonly patience: number;
  readonly words: "good" | "weak" | "lost";
}

export const BAD_FOR = 5;
export const GOOD_FOR = 15;
const LONGEST_PATIENCE = 120;

export const FRESH: Network = { step: 0, badSince: null, goodSince: null, changedAt: 0, patience: GOOD_FOR, words: "good" };

export function isBad(look: Look): boolean {
  return look.quality === "poor" || look.quality === "lost" || over(look.lossUp, 0.08) || over(look.lossDown, 0.08) || over(look.roundTrip, 1.5);
}

function isGood(look: Look): boolean {
  return !isBad(look) && !over(look.lossUp, 0.03) && !over(look.lossDown, 0.03);
}

const over = (value: number | null, limit: number): boolean => value !== null && value > limit;

/** A bad way down that is good upwards: giving up our own picture would help nobody. */
const onlyDown = (look: Look): boolean => over(look.lossDown, 0.08) && look.lossUp !== null && look.lossUp <= 0.03;

export function after(before: Network, look: Look): Network {
  const { at } = look;
  const badSince = isBad(look) ? (before.badSince ?? at) : null;
  const goodSince = isGood(look) ? (before.goodSince ?? at) : null;
  const words = look.quality === "lost" ? "lost" : before.step >= 2 || badSince !== null ? "weak" : "good";
  const base = { ...before, badSince, goodSince, words } satisfies Network;
  if (badSince !== null && at - badSince >= BAD_FOR && at - before.changedAt >= BAD_FOR && before.step < 4) {
    const step = (before.step < 2 && onlyDown(look) ? 3 : before.step + 1) as Step;
    const soon = before.changedAt > 0 && at - before.changedAt < 2 * before.patience;
    return { ...base, step, badSince: null, changedAt: at, words: "weak", patience: soon ? Math.min(LONGEST_PATIENCE, before.patience * 2) : before.patience };
  }
  if (goodSince !== null && before.step > 0 && at - goodSince >= before.patience) {
    const step = (before.step - 1) as Step;
    return { ...base, step, goodSince: null, changedAt: at, words: step >= 2 ? "weak" : "good" };
  }
  if (before.step === 0 && goodSince !== null && at - goodSince > 2 * LONGEST_PATIENCE) return { ...base, patience: GOOD_FOR };
  return base;
}

export interface Sending {
  readonly picture: "full" | "small" | "none";
  readonly others: "full" | "small" | "none";
}

export function sending(step: Step): Sending {
  return {
    picture: step === 0 ? "full" : step === 1 ? "small" : "none",
    others: step <= 2 ? "full" : step === 3 ? "small" : "none",
  };
}
