/**
 * One identification with BankID, without a document: starts an order, asks for its status each second and says what
 * the page shall show. The server keeps the order, its secret and its outcome; here is only what a person sees.
 */

import { t } from "./texts";

/** What GET /auth/bankid/{transaction} answers. */
export interface Status {
  readonly status: "pending" | "complete" | "failed";
  readonly hintCode?: string | null;
  readonly message?: string | null;
  readonly qr?: string | null;
  readonly next?: string | null;
}

export interface Started {
  readonly transaction: string;
  readonly autoStartToken: string;
  /** The link that opens BankID on this device. */
  readonly app: string;
  readonly qr?: string | null;
}

export interface View {
  /** Text for the status line. */
  say(text: string): void;
  /** New content of the QR code. */
  draw(content: string): void;
  /** The order exists: where its app is opened. */
  ready(started: Started): void;
  /** The app has the order: the code is no longer needed. */
  scanned(): void;
  /** It ended without an identity; the text says why and what to do. */
  failed(text: string): void;
  /** It is done: go there. */
  done(next: string): void;
}

export interface StartBody {
  readonly invitation?: string;
  readonly next?: string;
  readonly same_device?: boolean;
  /** Several touch points, which tells an iPad from the Mac it calls itself. */
  readonly touch?: boolean;
}

type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** Hints that mean that nobody took up the code in time: a new one is shown by itself, a few times. */
const UNUSED = new Set(["startFailed", "expiredTransaction"]);
const RENEWALS = 3;
const POLL_MS = 1000;
/** When BankID asks for peace, the page waits as long as the server says and tries again by itself, a few times. */
const RETRIES = 3;
const LONGEST_RETRY_SECONDS = 60;
/** Hints that mean that the app has the order. */
const IN_APP = new Set(["started", "userSign", "userMrtd", "userCallConfirm", "processing"]);

export class Identification {
  #transaction: string | undefined;
  #renewals = 0;
  #retries = 0;
  #run = 0;

  constructor(
    private readonly body: StartBody,
    private readonly view: View,
    private readonly request: Fetch = (input, init) => fetch(input, init),
    private readonly pause: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    private readonly random: () => number = Math.random,
  ) {}

  /** Begins anew, for this device or another; an order under way is left to the server, which ends it. */
  async start(sameDevice = false): Promise<void> {
    this.#renewals = 0;
    this.#retries = 0;
    await this.#begin(sameDevice);
  }

  /** Back from the app in a new tab: goes on asking about the order that is under way. */
  async resume(transaction: string): Promise<void> {
    const run = ++this.#run;
    this.#transaction = transaction;
    await this.#follow(run, transaction, true);
  }

  /** The person gives up. Nothing has happened then. */
  async cancel(): Promise<void> {
    const transaction = this.#transaction;
    this.#run += 1;
    this.#transaction = undefined;
    this.view.failed(t("Identifieringen avbröts. Inget har hänt. Försök igen när du är redo."));
    if (transaction !== undefined) {
      await this.request(`/auth/bankid/${encodeURIComponent(transaction)}/cancel`, { method: "POST" }).catch(() => undefined);
    }
  }

  async #begin(sameDevice: boolean): Promise<void> {
    const run = ++this.#run;
    const body = sameDevice ? { ...this.body, same_device: true } : this.body;
    let answer: Response;
    try {
      answer = await this.request("/auth/bankid/start", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
    } catch {
      if (run === this.#run) this.view.failed(t("Du har tappat nätet. Kontrollera det och försök igen."));
      return;
    }
    if (run !== this.#run) return;
    if (!answer.ok) {
      await this.#refused(run, answer, sameDevice);
      return;
    }
    const started = (await answer.json()) as Started;
    if (run !== this.#run) return;
    this.#transaction = started.transaction;
    this.view.ready(started);
    if (started.qr) this.view.draw(started.qr);
    if (started.qr && !sameDevice) this.view.say(scanIt());
    await this.#follow(run, started.transaction, sameDevice);
  }

  async #refused(run: number, answer: Response, sameDevice: boolean): Promise<void> {
    const text = await problemText(answer);
    const seconds = Number(answer.headers.get("Retry-After"));
    const passing = answer.status === 429 || answer.status === 503;
    if (!passing || !(seconds > 0 && seconds <= LONGEST_RETRY_SECONDS) || this.#retries >= RETRIES) {
      this.view.failed(text);
      return;
    }
    this.#retries += 1;
    this.view.say(`${text} ${t("Sidan försöker igen av sig själv.")}`);
    // Not everybody at the same moment.
    await this.pause((seconds + this.random() * 3) * 1000);
    if (run === this.#run) await this.#begin(sameDevice);
  }

  async #follow(run: number, transaction: string, sameDevice: boolean): Promise<void> {
    const address = `/auth/bankid/${encodeURIComponent(transaction)}`;
    for (;;) {
      await this.pause(POLL_MS);
      if (run !== this.#run) return;
      let answer: Response;
      try {
        answer = await this.request(address, { headers: { Accept: "application/json" } });
      } catch {
        this.view.say(t("Du har tappat nätet. Vi försöker igen hela tiden. Du behöver inte göra något."));
        continue;
      }
      if (run !== this.#run) return;
      if (answer.status === 429 || answer.status >= 500) continue;
      if (!answer.ok) {
        this.view.failed(await problemText(answer));
        return;
      }
      const status = (await answer.json()) as Status;
      if (run !== this.#run) return;
      if (status.status === "complete") {
        this.view.done(localPath(status.next));
        return;
      }
      if (status.status === "failed") {
        if (!sameDevice && UNUSED.has(status.hintCode ?? "") && this.#renewals < RENEWALS) {
          this.#renewals += 1;
          await this.#begin(sameDevice);
          return;
        }
        this.view.failed(failedText(status));
        return;
      }
      if (IN_APP.has(status.hintCode ?? "")) this.view.scanned();
      else if (status.qr) this.view.draw(status.qr);
      if (status.message) this.view.say(this.#waiting(status, sameDevice));
    }
  }

  #waiting(status: Status, sameDevice: boolean): string {
    if (!sameDevice && status.hintCode === "outstandingTransaction") {
      return scanIt();
    }
    return status.message ?? "";
  }
}

function scanIt(): string {
  return t("Väntar på att du läser av koden. Bilden rör sig hela tiden, och det ska den.");
}

/** The server's words, and after a person's own change of mind also that nothing has happened. */
function failedText(status: Status): string {
  if (!status.message) return t("Identifieringen avbröts. Inget har hänt. Försök igen när du är redo.");
  const gaveUp = status.hintCode === "userCancel" || status.hintCode === "cancelled";
  return gaveUp ? `${status.message} ${t("Inget har hänt. Försök igen när du är redo.")}` : status.message;
}

/** Where to go next: a path on this server and nothing else. */
export function localPath(next: string | null | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}

/** The text of problem details (RFC 9457), or one of our own where the answer is something else. */
export async function problemText(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { detail?: string; title?: string };
    const text = problem.detail ?? problem.title;
    if (text) return text;
  } catch {
    // not JSON: a proxy between us answered
  }
  return t("Det gick inte att nå BankID. Inget har hänt. Vänta en stund och försök igen.");
}

/** Whether this is a phone or tablet. An iPad calls itself a Mac and is told by its touch points. */
export function isPhone(agent: string, touchPoints: number): boolean {
  return /Android|iPhone|iPad|iPod|Mobile/i.test(agent) || (/Macintosh/.test(agent) && touchPoints > 1);
}
