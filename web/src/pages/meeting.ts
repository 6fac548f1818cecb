/** The leader's page: copy a link, and keep the list of people true. A page of fresh links is not sent again on reload. */
import { keepTrue } from "../live";
import { element } from "../page_data";
import { t } from "../texts";

async function copy(button: HTMLButtonElement): Promise<void> {
  const field = element<HTMLInputElement>(button.dataset["copy"] ?? "");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    return; // not allowed: the link stands selected, ready for the keyboard
  }
  const words = button.querySelector("span");
  if (words) words.textContent = t("Kopierad");
  button.setAttribute("aria-live", "polite");
}

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
  button.addEventListener("click", () => void copy(button));
}
if (document.getElementById("links") || document.getElementById("summary")) {
  // The answer to a sent form stands here; reloading must show the meeting and not send the form again.
  const [, , meeting] = location.pathname.split("/");
  const shown = document.querySelector<HTMLFormElement>("form[action^='/meetings/']")?.getAttribute("action")?.split("/")[2];
  const id = shown ?? meeting;
  if (id) history.replaceState(null, "", `/meetings/${id}`);
} else keepTrue();
