import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Devices } from "./devices.js";
import { MutedTalk } from "./muted_talk.js";
import { LevelMeter } from "./sound.js";

let level = 0;
const closed = vi.fn();
const stopped = vi.fn();

beforeEach(() => {
  level = 0;
  vi.spyOn(LevelMeter, "of").mockImplementation(() => ({ level: () => level, close: closed }) as unknown as LevelMeter);
});
afterEach(() => {
  vi.restoreAllMocks();
  closed.mockClear();
  stopped.mockClear();
});

function muted(isMuted = true): Devices {
  const copy = { enabled: false, stop: stopped };
  return { microphone: { isMuted, mediaStreamTrack: { readyState: "live", clone: () => copy } } } as unknown as Devices;
}

it("says it after two seconds of talk, once", () => {
  const tell = vi.fn();
  const talk = new MutedTalk(tell);
  level = 0.8;
  talk.hear(muted(), false);
  expect(tell).not.toHaveBeenCalled();
  for (let second = 0; second < 4; second += 1) talk.hear(muted(), false);
  expect(tell.mock.calls).toEqual([[true]]);
});

it("does not take a cough or a quiet room for talk", () => {
  const tell = vi.fn();
  const talk = new MutedTalk(tell);
  for (const heard of [0.9, 0.1, 0.9, 0.2, 0.4]) {
    level = heard;
    talk.hear(muted(), false);
  }
  expect(tell).not.toHaveBeenCalled();
});

it("listens only while the microphone is off, and lets everything go with it", () => {
  const tell = vi.fn();
  const talk = new MutedTalk(tell);
  level = 0.9;
  talk.hear(muted(), true);
  expect(LevelMeter.of).not.toHaveBeenCalled();
  for (let second = 0; second < 3; second += 1) talk.hear(muted(), false);
  talk.hear(muted(false), false);
  expect(tell.mock.calls).toEqual([[true], [false]]);
  expect(closed).toHaveBeenCalledOnce();
  expect(stopped).toHaveBeenCalledOnce();
  talk.close();
  expect(tell).toHaveBeenCalledTimes(2);
});
