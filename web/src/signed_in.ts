/**
 * Clears a page that was drawn for somebody who is no longer logged in: logged out in another window, ended elsewhere, or
 * gone idle. Asking does not lengthen the login. A page with a meeting's socket is told by that.
 */

export interface Place {
  /** Whether the login still stands; null where nobody answered. */
  readonly living: () => Promise<boolean | null>;
  /** Leads to the same address, which then asks who it is. */
  readonly leave: () => void;
}

/** Asks once. Nothing is left on the screen, even where the way to the next page is slow. */
export async function check(page: Document, { living, leave }: Place): Promise<void> {
  if ((await living()) !== false) return;
  page.body.hidden = true;
  leave();
}

export async function living(): Promise<boolean | null> {
  try {
    const answer = await fetch("/auth/session/living", { cache: "no-store" });
    const told: unknown = answer.ok ? await answer.json() : null;
    return typeof told === "object" && told !== null && "living" in told ? told.living === true : null;
  } catch {
    return null; // no network: what is shown stays until there is an answer
  }
}

/** A form goes once: of a second press the browser would show the answer, though the first one did the work. */
export function once(page: Document): void {
  const sent = new Set<EventTarget>();
  page.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form || event.defaultPrevented) return;
    if (sent.has(form)) return event.preventDefault();
    sent.add(form);
    setTimeout(() => sent.delete(form), 10_000); // no answer came
  });
  // Shown again by the way back, as it was kept.
  window.addEventListener("pageshow", () => sent.clear());
}

export function watch(every: number, place: Place): void {
  const look = (): void => void check(document, place);
  setInterval(look, every);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  // Shown again by the way back, as it was kept.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) look();
  });
}
