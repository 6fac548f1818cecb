/** Asked before something that others notice: a modal dialog that begins at the safe answer. */

import { leads } from "../../meeting.js";
import { t } from "../../texts.js";
import type { Acts, Model, Question } from "../model.js";
import { h, type Branch } from "../view.js";
import { button } from "./parts.js";

export function questionView(model: Model, acts: Acts): Branch | null {
  const { question } = model;
  if (!question) return null;
  const words = questionWords(question);
  return h(
    "dialog.question",
    {
      key: `question-${question.about}`,
      "data-theme": "light",
      "aria-labelledby": "question-title",
      "aria-describedby": "question-text",
      on: {
        cancel: (event: Event) => {
          event.preventDefault();
          acts.answer(false);
        },
      },
      attach: {
        id: question.about,
        to: (element) => {
          const before = document.activeElement;
          const dialog = element as HTMLDialogElement;
          dialog.showModal();
          dialog.querySelector<HTMLElement>("[data-safe] button")?.focus();
          return () => before instanceof HTMLElement && before.isConnected && before.focus();
        },
      },
    },
    h("h2", { id: "question-title" }, words.title),
    h("p", { id: "question-text" }, words.text),
    h(
      "div.question__acts",
      null,
      h("div", { "data-safe": "" }, button(null, words.no, () => acts.answer(false), { kind: "second" })),
      question.about === "leave" && model.state && leads(model.state.me) ? button(null, t("Avsluta för alla"), () => acts.endForAll(), { kind: "stop", key: "all" }) : null,
      button(null, words.yes, () => acts.answer(true), { kind: "stop", key: "yes" }),
    ),
  );
}

function questionWords(question: Question): { title: string; text: string; yes: string; no: string } {
  switch (question.about) {
    case "leave":
      return { title: t("Lämna mötet?"), text: t("Lämnar du själv fortsätter mötet utan dig. Avslutar du för alla är mötet slut."), yes: t("Lämna själv"), no: t("Stanna kvar") };
    case "end":
      return { title: t("Avsluta mötet för alla?"), text: t("Alla kopplas ner, och ingen kan komma in igen."), yes: t("Avsluta för alla"), no: t("Fortsätt mötet") };
    case "remove":
      return { title: t("Ta ut %(name)s ur mötet?", { name: question.name }), text: t("Personen kan inte komma in igen utan en ny inbjudan."), yes: t("Ta ut"), no: t("Låt vara kvar") };
    case "unencrypted":
      return { title: t("Gå in utan kryptering hela vägen?"), text: t("Den här webbläsaren kan inte kryptera hela vägen. Så länge du är med är mötet krypterat till och från servern, men inte hela vägen mellan er. Alla får veta det, och det skrivs i loggen. En nyare Chrome, Edge, Firefox eller Safari kan."), yes: t("Gå in ändå"), no: t("Vänta") };
    case "admit-unencrypted":
      return { title: t("Släppa in %(name)s utan kryptering hela vägen?", { name: question.name }), text: t("%(name)s har en webbläsare som inte kan. Så länge %(name)s är med är mötet krypterat till och från servern, men inte hela vägen mellan er. Alla får veta det, och det skrivs i loggen.", { name: question.name }), yes: t("Släpp in ändå"), no: t("Låt vänta") };
    case "deny":
      return { title: t("Inte släppa in %(name)s?", { name: question.name }), text: t("Personen får veta att den inte släpptes in, och behöver en ny inbjudan för att komma tillbaka."), yes: t("Släpp inte in"), no: t("Låt vänta") };
    case "hand-over":
      return { title: t("Lämna över mötet till %(name)s?", { name: question.name }), text: t("Då är det %(name)s som släpper in och avslutar. Du är kvar i mötet.", { name: question.name }), yes: t("Lämna över"), no: t("Fortsätt leda") };
  }
}
