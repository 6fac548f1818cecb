/** Camera, microphone and loudspeaker: opened once in the device check and kept through the waiting room into the meeting. */

import { createLocalAudioTrack, createLocalVideoTrack, type LocalAudioTrack, type LocalVideoTrack, VideoPresets } from "livekit-client";
import { LevelMeter } from "./sound.js";

/** denied: the person or the browser said no. missing: none there. busy: another program holds it. failed: anything else. */
export type DeviceState = "off" | "opening" | "open" | "denied" | "missing" | "busy" | "failed";

export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface DeviceLists {
  readonly microphones: readonly Device[];
  readonly cameras: readonly Device[];
  readonly speakers: readonly Device[];
}

export const NO_DEVICES: DeviceLists = { microphones: [], cameras: [], speakers: [] };

/** What went wrong when a device was asked for (names of DOMException, W3C mediacapture-streams 10.2). */
export function deviceStateOf(error: unknown): DeviceState {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

export class Devices {
  microphone: LocalAudioTrack | null = null;
  camera: LocalVideoTrack | null = null;
  microphoneState: DeviceState = "off";
  cameraState: DeviceState = "off";
  lists: DeviceLists = NO_DEVICES;
  chosen: { microphone: string; camera: string; speaker: string } = { microphone: "", camera: "", speaker: "" };
  private meter: LevelMeter | null = null;

  constructor(
    private readonly changed: () => void,
    private readonly media: MediaDevices | undefined = navigator.mediaDevices,
  ) {
    this.media?.addEventListener("devicechange", this.deviceChange);
  }

  /** Whether this browser can play into a chosen loudspeaker. */
  get choosesSpeaker(): boolean {
    return "setSinkId" in HTMLMediaElement.prototype && this.lists.speakers.length > 1;
  }

  get tracks(): (LocalAudioTrack | LocalVideoTrack)[] {
    return [this.microphone, this.camera].filter((one) => one !== null);
  }

  /** Microphone and camera at once where the browser asks once; each alone where one of them fails. */
  async open(): Promise<void> {
    if (!this.media?.getUserMedia) {
      this.microphoneState = this.cameraState = "missing";
      this.changed();
      return;
    }
    await this.openMicrophone();
    await this.openCamera();
  }

  async openMicrophone(): Promise<boolean> {
    if (this.microphone) return true;
    this.microphoneState = "opening";
    this.changed();
    try {
      this.microphone = await createLocalAudioTrack({
        echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...exactly(this.chosen.microphone),
      });
      this.microphoneState = "open";
      this.chosen = { ...this.chosen, microphone: settingOf(this.microphone) };
      this.measure();
    } catch (error) {
      this.microphoneState = deviceStateOf(error);
    }
    await this.list();
    return this.microphone !== null;
  }

  async openCamera(): Promise<boolean> {
    if (this.camera) return true;
    this.cameraState = "opening";
    this.changed();
    try {
      this.camera = await createLocalVideoTrack({ resolution: VideoPresets.h720.resolution, facingMode: "user", ...exactly(this.chosen.camera) });
      this.cameraState = "open";
      this.chosen = { ...this.chosen, camera: settingOf(this.camera) };
    } catch (error) {
      this.cameraState = deviceStateOf(error);
    }
    await this.list();
    return this.camera !== null;
  }

  async chooseMicrophone(id: string): Promise<void> {
    this.chosen = { ...this.chosen, microphone: id };
    if (!this.microphone) return void (await this.openMicrophone());
    try {
      await this.microphone.setDeviceId({ exact: id });
      this.microphoneState = "open";
      this.measure();
    } catch (error) {
      this.microphoneState = deviceStateOf(error);
    }
    this.changed();
  }

  async chooseCamera(id: string): Promise<void> {
    this.chosen = { ...this.chosen, camera: id };
    if (!this.camera) return void (await this.openCamera());
    try {
      await this.camera.setDeviceId({ exact: id });
      this.cameraState = "open";
    } catch (error) {
      this.cameraState = deviceStateOf(error);
    }
    this.changed();
  }

  chooseSpeaker(id: string): void {
    this.chosen = { ...this.chosen, speaker: id };
    this.changed();
  }

  /** How loud the microphone hears now, 0–1. */
  level(): number {
    return this.meter?.level() ?? 0;
  }

  async list(): Promise<void> {
    const found = (await this.media?.enumerateDevices().catch(() => [])) ?? [];
    const of = (kind: MediaDeviceKind): Device[] =>
      found.filter((one) => one.kind === kind && one.deviceId !== "").map((one) => ({ id: one.deviceId, label: one.label }));
    this.lists = { microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") };
    this.changed();
  }

  close(): void {
    this.media?.removeEventListener("devicechange", this.deviceChange);
    this.stop();
  }

  /** Lets go of camera and microphone, so that their lights go out. */
  stop(): void {
    this.meter?.close();
    this.meter = null;
    for (const track of this.tracks) {
      track.detach();
      track.stop();
    }
    this.microphone = this.camera = null;
    this.microphoneState = this.cameraState = "off";
  }

  private measure(): void {
    this.meter?.close();
    this.meter = this.microphone ? LevelMeter.of(this.microphone.mediaStreamTrack) : null;
  }

  private readonly deviceChange = (): void => {
    void this.recover();
  };

  /** A headset pulled out, or plugged in where there was nothing: carry on with what is there. */
  private async recover(): Promise<void> {
    await this.list();
    const { microphones, cameras } = this.lists;
    if (this.microphone && microphones.length > 0 && !microphones.some((one) => one.id === this.chosen.microphone)) {
      await this.chooseMicrophone(microphones[0]?.id ?? "");
    }
    if (this.camera && cameras.length > 0 && !cameras.some((one) => one.id === this.chosen.camera)) await this.chooseCamera(cameras[0]?.id ?? "");
  }
}

const exactly = (id: string): { deviceId?: ConstrainDOMString } => (id ? { deviceId: { exact: id } } : {});
const settingOf = (track: LocalAudioTrack | LocalVideoTrack): string => track.mediaStreamTrack.getSettings().deviceId ?? "";
