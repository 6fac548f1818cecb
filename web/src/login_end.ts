/**
 * Tells in good time that a login is about to end, and keeps what is typed when it has (WCAG 2.1, 2.2.1). The words stand in
 * `_login_end.html`, and whose page it is. Idleness can be put off by a press, age cannot: then one identifies anew in another tab, and this page goes on.
 */

/** What the service says of the login. staff: the post it works in. Seconds: until idleness ends it, and until its age does. */
export interface Living {
  readonly living: boolean;
  readonly person: string;
  readonly staff: string | null;
  readonly level: number;
  readonly idle: number;
  readonly absolute: number;
}

export type Stage = "quiet" | "idle" | "soon" | "last";

/** Seconds before the end. A page in the background may be woken once a minute only, so each is a minute longer than it must be. */
export const IDLE = 300;
export const SOON = 660;
export const LAST = 180;

/** For how long what was typed waits for its writer, milliseconds. */
export const KEPT = 60 * 60_000;

/** What there is to tell: of the end that comes first. */
export function stageOf({ idle, absolute }: Living): Stage {
  if (absolute <= LAST) return "last";
  if (idle <= IDLE && idle < absolute) return "idle";
  return absolute <= SOON ? "soon" : "quiet";
}

/** What was heard that many milliseconds ago, as it must be now. */
export const aged = (told: Living, milliseconds: number): Living => ({
  ...told,
  idle: Math.max(0, told.idle - milliseconds / 1000),
  absolute: Math.max(0, told.absolute - milliseconds / 1000),
});

/** `13.05`, in English `13:05`, as everywhere on the pages. */
export function clock(at: number, language: string): string {
  const time = new Intl.DateTimeFormat("sv-SE", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Stockholm" }).format(at);
  return time.replace(":", language === "sv" ? "." : ":");
}

export interface Place {
  /** Asks, which lengthens nothing; null where nobody answered. */
  readonly living: () => Promise<Living | null>;
  /** Begins the idle time anew. */
  readonly extend: () => Promise<Living | null>;
  /** The other tabs are to ask again. */
  readonly tell: () => void;
  /** Leads to where one identifies, and for staff back here. */
  readonly leave: (address: string) => void;
  readonly now: () => number;
}

export class LoginEnd {
  private stage: Stage = "quiet";
  private heard: { readonly told: Living; readonly at: number } | null = null;
  private asked = 0;
  private taken = 0;
  private presses = 0;
  private typed = false;
  private kept: { readonly nodes: readonly ChildNode[]; readonly title: string; readonly focus: Element | null; readonly at: number } | null = null;
  private readonly ended: HTMLTemplateElement;

  constructor(
    private readonly page: Document,
    private readonly place: Place,
  ) {
    this.ended = page.getElementById("ended") as HTMLTemplateElement;
    page.addEventListener("input", () => (this.typed = true));
    page.addEventListener("click", (event) => {
      const pressed = event.target instanceof Element ? event.target.closest("[data-stay], [data-close]") : null;
      if (pressed?.hasAttribute("data-stay")) void this.stay();
      else if (pressed) this.hide();
    });
    // What the keys do on the page beneath, in a room Escape and Alt with a letter, they do not do from a dialog.
    const dialogs = page.querySelectorAll<HTMLDialogElement>("#ends-idle, #ends-last");
    page.addEventListener("keydown", (event) => [...dialogs].some(({ open }) => open) && event.stopPropagation(), true);
  }

  check = (): Promise<unknown> => this.ask(this.place.living);

  /** The person presses "Fortsätt vara inloggad". */
  private async stay(): Promise<void> {
    const press = ++this.presses;
    this.failed(false);
    const arrived = await this.ask(this.place.extend);
    if (arrived) this.place.tell();
    else if (press === this.presses) this.failed(true);
  }

  private failed(yes: boolean): void {
    const words = this.page.querySelector<HTMLElement>(".ends__failed");
    if (words) words.hidden = !yes;
  }

  /** Whether somebody answered. */
  private async ask(question: () => Promise<Living | null>): Promise<boolean> {
    const turn = ++this.asked;
    const told = await question();
    if (turn >= this.taken) this.take(told, turn); // else a later question has been answered
    return told !== null;
  }

  private take(told: Living | null, turn: number): void {
    if (told === null) {
      // No network: the login ends all the same, and so does the time of what was typed.
      const left = this.heard && aged(this.heard.told, this.place.now() - this.heard.at);
      if (this.kept || (left && Math.min(left.idle, left.absolute) === 0)) this.over(true);
      else if (left) this.show(left);
      return;
    }
    this.taken = turn;
    this.heard = { told, at: this.place.now() };
    if (told.living && told.person === this.ended.dataset["person"] && !this.tooLate) {
      const room = this.page.body.dataset["screen"] !== undefined; // as whoever came in, whatever is chosen beside it
      if (!this.may(told) && (this.kept || !room)) {
        if (!this.kept) this.over(this.typed);
        return; // it may become the login that it was: several posts are chosen among
      }
      this.giveBack();
      this.show(told);
    } else this.over(!told.living && this.typed);
  }

  /** A room is told by its socket, and says so itself; what it shows of a meeting that is over is cleared as on any other page. */
  private over(keeps: boolean): void {
    const tells = this.page.body.dataset["screen"] !== undefined && !this.kept && !this.page.querySelector(".ending__facts");
    if (tells) this.hide();
    else if (keeps) this.keep();
    else this.clear();
  }

  /** Whether the page is given back in that login: in another post, or at a lower level, it might not be shown. */
  private may({ staff, level }: Living): boolean {
    return (staff ?? "") === this.ended.dataset["staff"] && level >= Number(this.ended.dataset["level"]);
  }

  private show(told: Living): void {
    const stage = stageOf(told);
    if (stage !== this.stage) {
      this.hide();
      this.stage = stage;
      if (stage === "soon") {
        const words = this.page.getElementById("ends-soon-words") as HTMLTemplateElement;
        this.page.getElementById("ends-soon")?.replaceChildren(this.page.importNode(words.content, true));
      } else if (stage !== "quiet") this.dialog(stage)?.showModal();
    }
    const at = clock(this.place.now() + 1000 * (stage === "idle" ? told.idle : told.absolute), this.page.documentElement.lang);
    for (const time of this.page.querySelectorAll("[data-ends]")) if (time.textContent !== at) time.textContent = at;
  }

  private dialog = (stage: "idle" | "last"): HTMLDialogElement | null => this.page.querySelector<HTMLDialogElement>(`#ends-${stage}`);

  /** What has been told once is not told again until there is something else to tell. */
  private hide(): void {
    this.failed(false);
    this.dialog("idle")?.close();
    this.dialog("last")?.close();
    this.page.getElementById("ends-soon")?.replaceChildren();
  }

  /** Nothing is left on the screen, even where the way to the next page is slow. */
  private clear(): void {
    this.kept = null;
    this.page.body.hidden = true;
    this.place.leave(this.ended.dataset["leave"] ?? "/");
  }

  /** What was typed has waited for as long as it may. */
  private get tooLate(): boolean {
    return this.kept !== null && this.place.now() - this.kept.at >= KEPT;
  }

  /** The page is taken out of the document, and with it what was typed; for whose it is, and for a while. */
  private keep(): void {
    if (this.kept) {
      if (this.tooLate) this.clear();
      return;
    }
    this.hide();
    const { body } = this.page;
    this.kept = { nodes: [...body.childNodes], title: this.page.title, focus: this.page.activeElement, at: this.place.now() };
    body.replaceChildren(this.page.importNode(this.ended.content, true));
    for (const words of body.querySelectorAll<HTMLElement>("[data-typed]")) words.hidden = !this.typed;
    const heading = body.querySelector("h1");
    this.page.title = `${heading?.textContent ?? ""} – Hemmaplan`;
    heading?.focus();
  }

  private giveBack(): void {
    if (!this.kept) return;
    const { nodes, title, focus } = this.kept;
    this.kept = null;
    this.stage = "quiet";
    this.page.body.replaceChildren(...nodes);
    this.page.title = title;
    if (focus instanceof HTMLElement) focus.focus();
  }
}
