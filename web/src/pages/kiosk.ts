/** The travel laptop's home page: the clock, the checks, and a page that stays true. */

import check from "lucide-static/icons/check.svg";
import plug from "lucide-static/icons/plug.svg";
import alert from "lucide-static/icons/triangle-alert.svg";
import {
  batteryVerdict,
  brightness,
  cameraVerdict,
  median,
  microphoneVerdict,
  networkVerdict,
  speakerVerdict,
  type Verdict,
} from "../checks";
import { icon } from "../icon";
import { keepTrue } from "../live";
import { element } from "../page_data";
import { language, t } from "../texts";

interface Battery {
  readonly charging: boolean;
  readonly level: number;
  readonly dischargingTime: number;
}

const list = element("check-list");
const again = element<HTMLButtonElement>("check-again");

function row(name: string): HTMLElement {
  const found = list.querySelector<HTMLElement>(`[data-check="${name}"]`);
  if (!found) throw new Error(`no check named ${name}`);
  return found;
}

function show(name: string, verdict: Verdict): void {
  const at = row(name);
  at.hidden = false;
  at.dataset["state"] = verdict.state;
  at.classList.toggle("warn", verdict.state === "warn");
  const words = document.createElement("span");
  const first = document.createElement(verdict.state === "warn" ? "b" : "span");
  first.textContent = verdict.first;
  words.append(first, verdict.rest ? ` ${verdict.rest}` : "");
  at.replaceChildren(icon(verdict.state === "ok" ? check : name === "battery" ? plug : alert), words);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function checkCamera(): Promise<void> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch {
    show("camera", cameraVerdict(null));
    return;
  }
  try {
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    await pause(700); // cameras begin dark
    const canvas = document.createElement("canvas");
    canvas.width = 64;
    canvas.height = 36;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context?.drawImage(video, 0, 0, 64, 36);
    show("camera", cameraVerdict(context ? brightness(context.getImageData(0, 0, 64, 36).data) : null));
  } catch {
    show("camera", cameraVerdict(null));
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

async function checkMicrophone(): Promise<void> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    show("microphone", microphoneVerdict(null));
    return;
  }
  const audio = new AudioContext();
  try {
    const analyser = audio.createAnalyser();
    audio.createMediaStreamSource(stream).connect(analyser);
    await audio.resume();
    const samples = new Float32Array(analyser.fftSize);
    let peak = 0;
    for (let turn = 0; turn < 30 && peak < 0.05; turn++) {
      await pause(100);
      analyser.getFloatTimeDomainData(samples);
      for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
    }
    show("microphone", microphoneVerdict(peak));
  } finally {
    for (const track of stream.getTracks()) track.stop();
    await audio.close();
  }
}

/** Two soft tones, then a question: only a person can say what is heard in the room. */
async function checkSpeaker(): Promise<void> {
  const audio = new AudioContext();
  try {
    await Promise.race([audio.resume(), pause(500)]);
    if (audio.state !== "running") return;
    for (const [at, hertz] of [[0, 523], [0.35, 659]] as const) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      const begins = audio.currentTime + at;
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0, begins);
      volume.gain.linearRampToValueAtTime(0.25, begins + 0.05);
      volume.gain.linearRampToValueAtTime(0, begins + 0.32);
      tone.connect(volume).connect(audio.destination);
      tone.start(begins);
      tone.stop(begins + 0.35);
    }
    await pause(900);
    show("speaker", speakerVerdict(await heard()));
  } catch {
    show("speaker", speakerVerdict(null));
  } finally {
    await audio.close();
  }
}

function heard(): Promise<boolean> {
  const at = row("speaker");
  at.classList.remove("warn");
  const words = document.createElement("span");
  words.textContent = t("Hörde du två toner?");
  const answers = document.createElement("span");
  answers.className = "checks__ask";
  words.append(answers);
  at.replaceChildren(at.querySelector("svg") ?? icon(check), words);
  return new Promise((resolve) => {
    for (const [text, value] of [[t("Ja"), true], [t("Nej"), false]] as const) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button--second";
      button.textContent = text;
      button.addEventListener("click", () => {
        again.focus();
        resolve(value);
      });
      answers.append(button);
    }
  });
}

async function checkNetwork(): Promise<void> {
  const font = document.querySelector<HTMLLinkElement>('link[rel="preload"][as="font"]')?.href;
  try {
    const answers: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const begun = performance.now();
      await fetch("/healthz", { cache: "no-store" });
      answers.push(performance.now() - begun);
    }
    const begun = performance.now();
    const sizes = await Promise.all(
      [1, 2, 3, 4].map(async (turn) => (await (await fetch(`${font ?? "/"}?${turn}`, { cache: "no-store" })).arrayBuffer()).byteLength),
    );
    const seconds = (performance.now() - begun) / 1000;
    const bits = 8 * sizes.reduce((sum, size) => sum + size, 0);
    show("network", networkVerdict({ answer: median(answers), rate: bits / seconds }));
  } catch {
    show("network", networkVerdict(null));
  }
}

async function checkBattery(): Promise<void> {
  const ask = (navigator as Navigator & { getBattery?: () => Promise<Battery> }).getBattery;
  if (!ask) return;
  const battery = await ask.call(navigator);
  const minutes = Number.isFinite(battery.dischargingTime) ? Math.round(battery.dischargingTime / 300) * 5 : null;
  show("battery", batteryVerdict(battery.charging, battery.level, minutes));
}

function summarise(): void {
  const states = [...list.children].filter((item): item is HTMLElement => item instanceof HTMLElement && !item.hidden).map((item) => item.dataset["state"]);
  const heading = element("checks");
  if (states.includes("waiting")) heading.textContent = t("Kontrollera datorn");
  else heading.textContent = states.slice(0, 4).includes("warn") ? t("Datorn behöver en hand") : t("Datorn är kontrollerad");
}

async function checkAll(pressed: boolean): Promise<void> {
  again.setAttribute("aria-busy", "true");
  const words = again.querySelector("span");
  if (words) words.textContent = t("Kontrollerar …");
  await Promise.all([checkCamera(), checkNetwork(), checkBattery().catch(() => undefined)]);
  await checkMicrophone();
  if (pressed) await checkSpeaker();
  again.removeAttribute("aria-busy");
  if (words) words.textContent = t("Kontrollera igen");
  summarise();
}

/** Without being asked only where the browser will not ask the person: on the laptop itself the policy has said yes. */
async function allowed(): Promise<boolean> {
  try {
    const states = await Promise.all(
      ["camera", "microphone"].map((name) => navigator.permissions.query({ name: name as PermissionName })),
    );
    return states.every(({ state }) => state === "granted");
  } catch {
    return false;
  }
}

again.addEventListener("click", () => {
  if (again.getAttribute("aria-busy") !== "true") void checkAll(true);
});
setInterval(() => {
  const mark = language() === "sv" ? "." : ":";
  const now = new Intl.DateTimeFormat("sv-SE", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Stockholm" }).format(new Date());
  element("clock").textContent = now.replace(":", mark);
}, 5000);
void checkNetwork();
void checkBattery().catch(() => undefined);
void allowed().then((yes) => (yes ? checkAll(false) : undefined));
keepTrue();
