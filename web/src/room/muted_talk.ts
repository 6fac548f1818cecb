/** Notices somebody who talks with the microphone off. The sound is measured here in the page and goes nowhere. */

import type { Devices } from "./devices.js";
import { LevelMeter } from "./sound.js";

const LOUD = 0.5;
/** Seconds of talk before it is said. */
const AFTER = 2;

export class MutedTalk {
  private copy: MediaStreamTrack | null = null;
  private meter: LevelMeter | null = null;
  private loud = 0;
  private told = false;

  constructor(private readonly tell: (talking: boolean) => void) {}

  /** Once a second. `on`: the microphone is on, or there is no meeting to be heard in. */
  hear(devices: Devices, on: boolean): void {
    const track = devices.microphone;
    if (on || !track?.isMuted || track.mediaStreamTrack.readyState !== "live") {
      this.close();
      return;
    }
    if (!this.meter) {
      this.copy = track.mediaStreamTrack.clone();
      this.copy.enabled = true;
      this.meter = LevelMeter.of(this.copy);
    }
    this.loud = (this.meter?.level() ?? 0) > LOUD ? this.loud + 1 : 0;
    if (this.loud >= AFTER && !this.told) {
      this.told = true;
      this.tell(true);
    }
  }

  close(): void {
    this.meter?.close();
    this.copy?.stop();
    if (this.told) this.tell(false);
    this.meter = null;
    this.copy = null;
    this.loud = 0;
    this.told = false;
  }
}
