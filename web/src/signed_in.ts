/**
 * Watches over a page that was drawn for somebody logged in: tells that the login is about to end, and clears the page once it has,
 * by logging out in another window, by somebody else, or by time (`login_end`). Asking does not lengthen the login. A room is told by its
 * socket when the login has ended, and here ahead.
 */

import { LoginEnd, type Living } from "./login_end";

export const living = (): Promise<Living | null> => ask("/auth/session/living", "GET");
export const extend = (): Promise<Living | null> => ask("/auth/session/extend", "POST");

/** Longest wait for an answer, milliseconds: a network that swallows everything is none. */
export const PATIENCE = 10_000;

async function ask(address: string, method: string): Promise<Living | null> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const answer = await fetch(address, { method, cache: "no-store", signal: stop.signal, headers: { Accept: "application/json" } });
    if (answer.status === 401) return OVER;
    return answer.ok ? read(await answer.json()) : null;
  } catch {
    return null; // no network: what is shown stays until there is an answer, or the login has ended by what was told last
  } finally {
    clearTimeout(timer);
  }
}

const OVER: Living = { living: false, person: "", staff: null, level: 0, idle: 0, absolute: 0 };

function read(told: unknown): Living | null {
  if (typeof told !== "object" || told === null) return null;
  const { living, person, staff, assurance_level: level, idle_seconds: idle, absolute_seconds: absolute } = told as Record<string, unknown>;
  if (living === false) return OVER;
  if (living !== true || typeof person !== "string" || (typeof staff !== "string" && staff !== null)) return null;
  return typeof level === "number" && typeof idle === "number" && typeof absolute === "number" ? { living, person, staff, level, idle, absolute } : null;
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

export function watch(every: number, leave: (address: string) => void): void {
  const others = new BroadcastChannel("login");
  const end = new LoginEnd(document, { living, extend, leave, tell: () => others.postMessage("extended"), now: Date.now });
  const look = (): void => void end.check();
  look();
  setInterval(look, every);
  others.addEventListener("message", look);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  // Shown again by the way back, as it was kept.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) look();
  });
}
