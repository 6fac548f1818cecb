/** The demo's BankID app: shows what waits, and approves or refuses as the person chosen. */

import check from "lucide-static/icons/shield-check.svg";
import { icon } from "../icon";
import { element } from "../page_data";
import { language, t } from "../texts";

interface Person {
  readonly personalNumber: string;
  readonly name: string;
  readonly role: string;
  readonly organisation: string;
}

interface Order {
  readonly autoStartToken: string;
  readonly text: string;
  readonly kind: "staff" | "kiosk" | "link";
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
}

const began = (order: Order): string => {
  const time = new Date(order.startedAt).toLocaleTimeString(language() === "en" ? "en-GB" : "sv-SE", { timeZone: "Europe/Stockholm" });
  return t("Började kl. %(time)s", { time: language() === "en" ? time : time.replaceAll(":", ".") });
};
const purpose = (order: Order): string =>
  order.kind === "kiosk" ? t("Inloggning på resedatorn") : order.kind === "staff" ? t("Inloggning för personal") : t("Personlig länk till ett möte");

const people = element<HTMLSelectElement>("person");
const orders = element("orders");
const shown = new Map<string, HTMLElement>();

async function loadPeople(): Promise<void> {
  const answer = await fetch("/simulator/people");
  for (const person of (await answer.json()) as Person[]) {
    const about = [person.role, person.organisation].filter(Boolean).join(", ");
    people.append(new Option(about ? `${person.name} – ${about}` : person.name, person.personalNumber));
  }
  const last = sessionStorage.getItem("person");
  if (last) people.value = last;
  if (people.selectedIndex < 0) people.selectedIndex = 0;
}

async function answer(order: Order, act: "approve" | "deny"): Promise<void> {
  const body = act === "approve" ? { autoStartToken: order.autoStartToken, personalNumber: people.value } : { autoStartToken: order.autoStartToken };
  const reply = await fetch(`/simulator/bankid/${act}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (reply.ok) element("told").textContent = act === "approve" ? t("Du har identifierat dig.") : t("Du har avbrutit.");
  else element("told").textContent = ((await reply.json()) as { detail?: string }).detail ?? t("Det gick inte.");
  await refresh();
}

function card(order: Order): HTMLElement {
  const box = document.createElement("article");
  box.className = "order";
  const heading = document.createElement("h3");
  heading.textContent = purpose(order);
  const when = document.createElement("p");
  when.className = "order__when";
  when.textContent = began(order);
  const text = document.createElement("p");
  text.className = "order__text";
  text.textContent = order.text.replace(/^#+ /gm, ""); // the app draws simple markdown; a heading is enough as a line
  const acts = document.createElement("div");
  acts.className = "order__acts";
  const yes = document.createElement("button");
  yes.type = "button";
  yes.className = "button button--wide";
  yes.append(icon(check), t("Skriv säkerhetskod och identifiera"));
  yes.addEventListener("click", () => void answer(order, "approve"));
  const no = document.createElement("button");
  no.type = "button";
  no.className = "button button--second button--wide";
  no.textContent = t("Avbryt");
  no.addEventListener("click", () => void answer(order, "deny"));
  acts.append(yes, no);
  box.append(heading, when, text, acts);
  return box;
}

async function refresh(): Promise<void> {
  const reply = await fetch("/simulator/bankid/orders").catch(() => undefined);
  if (!reply?.ok) return;
  const pending = (await reply.json()) as Order[];
  const tokens = new Set(pending.map((order) => order.autoStartToken));
  for (const [token, box] of shown) {
    if (tokens.has(token)) continue;
    box.remove();
    shown.delete(token);
  }
  // They come newest first; each is put before those already there.
  for (const order of [...pending].reverse()) {
    if (shown.has(order.autoStartToken)) continue;
    const box = card(order);
    shown.set(order.autoStartToken, box);
    orders.prepend(box);
  }
  element("none").hidden = shown.size > 0;
}

people.addEventListener("change", () => sessionStorage.setItem("person", people.value));
await loadPeople();
await refresh();
setInterval(() => void refresh(), 1500);
