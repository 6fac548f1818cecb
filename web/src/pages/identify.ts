/** /login and /i/{token}: the QR code first on a desk, this device first on a phone. */

import { Identification, isPhone, localPath, type StartBody } from "../identify";
import { element, pageData } from "../page_data";
import { qrPath } from "../qr";
import { t } from "../texts";

interface Data {
  readonly invitation?: string | null;
  readonly next?: string | null;
  readonly kiosk?: boolean;
}

const data = pageData<Data>();
const phone = !data.kiosk && isPhone(navigator.userAgent, navigator.maxTouchPoints);
const heading = element("act");
const choose = element("choose");
const code = element("code");
const statusLine = element("status-line");
const failed = element("failed");
const sameDevice = element("same-device");
const cancel = element("cancel");
const openAgain = element("open-again");
let onThisDevice = false;

function show(...parts: readonly HTMLElement[]): void {
  heading.hidden = parts.includes(failed); // there is no code to read any more
  for (const part of [choose, code, statusLine, failed, sameDevice, cancel, openAgain]) part.hidden = !parts.includes(part);
}

function draw(content: string): void {
  const { path, size } = qrPath(content);
  element("qr").setAttribute("viewBox", `0 0 ${size} ${size}`);
  element("qr-path").setAttribute("d", path);
  if (!onThisDevice && failed.hidden) code.hidden = false;
}

const body: StartBody = {
  ...(data.invitation ? { invitation: data.invitation } : {}),
  ...(data.next ? { next: data.next } : {}),
  ...(navigator.maxTouchPoints > 1 ? { touch: true } : {}),
};

const identification = new Identification(body, {
  say(text) {
    // A screen reader speaks a changed text; the same text again would be spoken again.
    const status = element("status");
    if (status.textContent !== text) status.textContent = text;
    statusLine.hidden = false;
  },
  draw,
  ready(started) {
    const link = element<HTMLAnchorElement>("app-link");
    link.href = started.app;
    if (onThisDevice) {
      show(statusLine, openAgain, cancel);
      // As BankID asks, by the link itself; some browsers open an app only where a person presses it, below.
      link.click();
    } else if (data.kiosk || phone) show(code, statusLine, cancel);
    else show(code, statusLine, sameDevice);
  },
  scanned() {
    code.hidden = true;
    sameDevice.hidden = true;
    openAgain.hidden = true;
    cancel.hidden = false;
  },
  failed(text) {
    show(failed);
    element("failed-text").textContent = text;
    failed.focus();
  },
  done(next) {
    element("status").textContent = t("Klart. Sidan byts nu.");
    show(statusLine);
    window.location.replace(localPath(next));
  },
});

function begin(): void {
  element("status").textContent = onThisDevice ? t("Öppnar BankID …") : t("Hämtar en kod …");
  show(statusLine);
  void identification.start(onThisDevice);
}

function offer(): void {
  if (phone) show(choose);
  else begin();
}

element("same-phone").addEventListener("click", () => {
  onThisDevice = true;
  begin();
});
element("other-device").addEventListener("click", () => {
  onThisDevice = false;
  begin();
});
element("same-desk").addEventListener("click", () => {
  onThisDevice = true;
  begin();
});
element("again").addEventListener("click", () => {
  onThisDevice = false;
  offer();
  heading.focus();
});
cancel.addEventListener("click", () => void identification.cancel());
const underWay = new URLSearchParams(location.search).get("transaction");
if (underWay) {
  onThisDevice = true;
  show(statusLine, cancel);
  void identification.resume(underWay);
} else if (!navigator.cookieEnabled) {
  show(failed);
  element("failed-text").textContent = t(
    "Webbläsaren sparar inte den kaka (cookie) som behövs för att veta att det är du. Tillåt kakor för den här sidan, eller öppna länken i en annan webbläsare.",
  );
} else offer();
