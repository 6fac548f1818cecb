/**
 * Keeps a page that stands open true: fetches the same page now and then and takes over the parts marked `data-live`.
 * The server's page is the only source; nothing is computed here. It stops when nobody has touched the page for a
 * while, so that an unwatched page does not hold a login open.
 */

export interface Live {
  readonly every: number;
  readonly untouched: number;
}

/** Takes over each part whose contents differ, but not one that the person works in, or is to mend. Returns what was changed. */
export function takeOver(into: Document, from: Document): string[] {
  const changed: string[] = [];
  for (const fresh of from.querySelectorAll<HTMLElement>("[data-live]")) {
    const name = fresh.dataset["live"] ?? "";
    const old = into.querySelector<HTMLElement>(`[data-live="${CSS.escape(name)}"]`);
    if (!old || old.isEqualNode(fresh) || holdsFocus(into, old) || holdsText(old)) continue;
    old.replaceWith(into.importNode(fresh, true));
    changed.push(name);
  }
  return changed;
}

function holdsFocus(page: Document, part: HTMLElement): boolean {
  const focused = page.activeElement;
  return focused !== null && focused !== page.body && part.contains(focused);
}

/** Something typed and not sent, or sent and not accepted. */
function holdsText(part: HTMLElement): boolean {
  const typed = [...part.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")].some(({ value, defaultValue }) => value !== defaultValue);
  return typed || part.querySelector(".nhsuk-error-message") !== null;
}

export function keepTrue({ every, untouched }: Live = { every: 20_000, untouched: 10 * 60_000 }): void {
  let touched = Date.now();
  // The answer to a form may stand at an address that takes the form alone; the page says then where it is got.
  const address = document.body.dataset["here"] ?? location.pathname + location.search;
  for (const kind of ["pointerdown", "keydown", "touchstart", "focus"]) {
    window.addEventListener(kind, () => (touched = Date.now()), { passive: true });
  }
  const refresh = async (): Promise<void> => {
    if (document.hidden || Date.now() - touched > untouched) return;
    if (!document.querySelector("[data-live]")) return; // taken out with what was typed: `login_end` waits for its writer
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "follow" });
      if (answer.redirected && new URL(answer.url).pathname === "/login") return; // the login has ended: `signed_in` sees to it
      if (answer.redirected || answer.status === 403 || answer.status === 404) {
        location.replace(address); // not `reload`, which would send a form again
        return;
      }
      if (!answer.ok) return;
      takeOver(document, new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // No network just now: what is shown stays, and the next turn tries again.
    }
  };
  setInterval(() => void refresh(), every);
  document.addEventListener("visibilitychange", () => void refresh());
}
