/** The few sounds the page makes itself, and how loud the microphone hears. All by Web Audio: no sound files. */

export class LevelMeter {
  private readonly samples: Float32Array<ArrayBuffer>;

  private constructor(
    private readonly context: AudioContext,
    private readonly analyser: AnalyserNode,
    private readonly source: MediaStreamAudioSourceNode,
  ) {
    this.samples = new Float32Array(analyser.fftSize);
  }

  static of(track: MediaStreamTrack): LevelMeter | null {
    const context = audio();
    if (!context) return null;
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    const source = context.createMediaStreamSource(new MediaStream([track]));
    source.connect(analyser);
    return new LevelMeter(context, analyser, source);
  }

  level(): number {
    if (this.context.state === "suspended") void this.context.resume().catch(() => undefined);
    this.analyser.getFloatTimeDomainData(this.samples);
    return loudness(this.samples);
  }

  close(): void {
    this.source.disconnect();
  }
}

/** 0 for silence (-60 dBFS and below), 1 for a raised voice near the microphone (-12 dBFS and above). */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 48));
}

/** One soft chime of two notes: somebody is at the door. */
export const chime = (): void => play([[523.25, 0, 0.9], [659.25, 0.18, 1.1]], 0.12);

/** Three notes to try the loudspeaker with, about two seconds; into a chosen loudspeaker where the browser can. */
export function tryout(speaker: string): void {
  play([[392, 0, 0.7], [493.88, 0.55, 0.7], [587.33, 1.1, 1.0]], 0.25, speaker);
}

let shared: AudioContext | null = null;

function audio(): AudioContext | null {
  if (typeof AudioContext === "undefined") return null;
  shared ??= new AudioContext();
  return shared;
}

type Note = readonly [hertz: number, start: number, length: number];

function play(notes: readonly Note[], loud: number, speaker = ""): void {
  const context = audio();
  if (!context) return;
  void context.resume().catch(() => undefined);
  const choose = (context as AudioContext & { setSinkId?: (id: string) => Promise<void> }).setSinkId;
  if (speaker && choose) void choose.call(context, speaker === "default" ? "" : speaker).catch(() => undefined);
  for (const [hertz, start, length] of notes) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    const from = context.currentTime + start;
    tone.type = "sine";
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(loud, from + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + length);
    tone.connect(gain).connect(context.destination);
    tone.start(from);
    tone.stop(from + length + 0.05);
  }
}
