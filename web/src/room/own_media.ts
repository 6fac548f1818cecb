/** One's own sound and picture, from the device check to the end: opened once, given to each session, turned on and off. */

import { t } from "../texts.js";
import { Devices } from "./devices.js";
import type { Model } from "./model.js";
import { MutedTalk } from "./muted_talk.js";
import type { Picture } from "./seats.js";
import type { Session } from "./session.js";
import { tryout } from "./sound.js";

interface Around {
  readonly model: () => Model;
  readonly set: (changes: Partial<Model>) => void;
  readonly session: () => Session | null;
  /** While a seat is being taken, what the media says of our microphone is not yet the server's word. */
  readonly entering: () => boolean;
  readonly refresh: () => void;
  readonly announce: (sentence: string) => void;
  readonly hopeAgain: () => void;
}

export class OwnMedia {
  readonly devices = new Devices(() => this.changed());
  private readonly mutedTalk: MutedTalk;
  private switching = false;

  constructor(private readonly around: Around) {
    this.mutedTalk = new MutedTalk((talkingMuted) => around.set({ talkingMuted }));
  }

  /** Once a second: talks with the microphone off? */
  listen(): void {
    const model = this.around.model();
    this.mutedTalk.hear(this.devices, model.devices.microphoneOn && model.screen === "room");
  }

  close(): void {
    this.devices.close();
    this.mutedTalk.close();
  }

  /** Muted by the server: somebody who leads has done it. */
  noticeMute(): void {
    const { microphone } = this.devices;
    if (microphone?.isMuted && this.around.model().devices.microphoneOn && !this.switching && !this.around.entering()) {
      this.around.set({ devices: { ...this.around.model().devices, microphoneOn: false }, notice: t("Den som leder mötet stängde av din mikrofon.") });
      this.around.announce(this.around.model().notice);
      this.around.refresh();
    }
  }

  private changed(): void {
    const { devices } = this;
    const camera = devices.camera;
    const preview: Picture | null = camera
      ? { id: `own:${camera.mediaStreamID}`, attach: (element) => camera.attach(element), detach: (element) => camera.detach(element) }
      : null;
    this.around.set({
      devices: {
        ...this.around.model().devices,
        microphone: devices.microphoneState, camera: devices.cameraState, lists: devices.lists, chosen: devices.chosen,
        choosesSpeaker: devices.choosesSpeaker, preview, canShare: "getDisplayMedia" in (navigator.mediaDevices ?? {}) && this.around.model().layout !== "phone",
      },
    });
    this.publishOpen();
    this.around.refresh();
  }

  /** A device may have been opened before the session, while it was being made, or long after. */
  publishOpen(): void {
    for (const track of this.devices.tracks) void this.around.session()?.publish(track).catch(() => undefined);
  }

  toggleMicrophone(): void {
    const on = !this.around.model().devices.microphoneOn || this.devices.microphone === null;
    if (on && !this.devices.microphone) return this.openMicrophone();
    this.around.set({ devices: { ...this.around.model().devices, microphoneOn: on }, talkingMuted: false, notice: "" });
    this.switching = true;
    const done = on ? this.devices.microphone?.unmute() : this.devices.microphone?.mute();
    void Promise.resolve(done)
      .catch(() => undefined)
      .finally(() => (this.switching = false));
    this.around.refresh();
  }

  toggleCamera(): void {
    const on = !this.around.model().devices.cameraOn || this.around.model().savedOnPicture || this.devices.camera === null;
    if (on && !this.devices.camera) return this.openCamera();
    this.around.set({ devices: { ...this.around.model().devices, cameraOn: on }, savedOnPicture: false });
    if (on) this.around.hopeAgain();
    void this.showOwn(on);
  }

  /** The network is too weak for our picture, or strong enough again. */
  async sparePicture(spare: boolean): Promise<void> {
    if (!this.devices.camera || spare === this.around.model().savedOnPicture || (spare && !this.around.model().devices.cameraOn)) return;
    this.around.set({ savedOnPicture: spare });
    await this.showOwn(!spare && this.around.model().devices.cameraOn);
    this.around.announce(spare ? t("Nätet är svagt. Vi har stängt av bilden så att ljudet hörs bra.") : t("Nätet är bra igen. Din bild syns."));
  }

  private async showOwn(on: boolean): Promise<void> {
    const { camera } = this.devices;
    try {
      await (on ? camera?.unmute() : camera?.mute());
      if (on) this.devices.cameraState = "open";
    } catch {
      this.devices.cameraState = "busy";
      this.around.set({ devices: { ...this.around.model().devices, cameraOn: false } });
    }
    this.changed();
  }

  openMicrophone(): void {
    this.around.set({ devices: { ...this.around.model().devices, microphoneOn: true } });
    void this.devices.openMicrophone();
  }

  openCamera(): void {
    this.around.set({ devices: { ...this.around.model().devices, cameraOn: true } });
    void this.devices.openCamera();
  }

  chooseMicrophone(id: string): void {
    void this.devices.chooseMicrophone(id);
  }

  chooseCamera(id: string): void {
    void this.devices.chooseCamera(id);
  }

  chooseSpeaker(id: string): void {
    this.devices.chooseSpeaker(id);
    void this.around.session()?.chooseSpeaker(id).catch(() => undefined);
  }

  tryout(): void {
    tryout(this.devices.chosen.speaker);
  }

  level(): number {
    return this.devices.level();
  }
}
