import { describe, expect, it } from "vitest";
import { batteryVerdict, brightness, cameraVerdict, median, microphoneVerdict, networkVerdict, speakerVerdict } from "./checks";

describe("what the checks say", () => {
  it("says plainly that all is well", () => {
    expect(cameraVerdict(90)).toEqual({ state: "ok", first: "Kameran ser dig", rest: "" });
    expect(microphoneVerdict(0.3).first).toBe("Mikrofonen hör dig");
    expect(speakerVerdict(true).first).toBe("Högtalaren låter som den ska");
    expect(networkVerdict({ answer: 60, rate: 5_000_000 }).first).toBe("Nätet räcker till ljud och bild");
    expect(batteryVerdict(true, 0.2, null).state).toBe("ok");
  });

  it("says what to do where a hand is needed", () => {
    for (const verdict of [cameraVerdict(null), cameraVerdict(2), microphoneVerdict(null), microphoneVerdict(0), speakerVerdict(false), speakerVerdict(null), networkVerdict(null), networkVerdict({ answer: 2000, rate: 1 }), networkVerdict({ answer: 50, rate: 100_000 })]) {
      expect(verdict.state).toBe("warn");
      expect(verdict.rest).not.toBe("");
    }
    expect(batteryVerdict(false, 0.6, 50).rest).toBe("Batteriet räcker i ungefär 50 minuter.");
    expect(batteryVerdict(false, 0.3, null).rest).toBe("Batteriet har 30 procent kvar.");
    expect(batteryVerdict(false, 0.9, null).state).toBe("ok");
  });
});

it("measures pictures and times", () => {
  expect(brightness([255, 255, 255, 255, 0, 0, 0, 255])).toBe(127.5);
  expect(brightness([])).toBe(0);
  expect(median([300, 20, 40])).toBe(40);
});
