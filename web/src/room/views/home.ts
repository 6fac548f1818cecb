/** The home is one seat with several people in it; whoever leads the meeting writes who they are. */

import { t } from "../../texts.js";
import type { Acts, Model } from "../model.js";
import { h, type Branch } from "../view.js";
import { button } from "./parts.js";

const ROWS = 4;

export function homeForm(model: Model, acts: Acts): Branch {
  const { state } = model;
  const people = state?.meeting.home_people ?? [];
  return h(
    "form.home-form",
    {
      key: "home-form",
      on: {
        submit: (event) => {
          event.preventDefault();
          acts.nameHome(read(event.currentTarget as HTMLFormElement));
        },
      },
    },
    h("p", null, t("Skriv vilka som sitter vid datorn, så ser de andra det under bilden. %(name)s står redan med.", { name: state?.meeting.person.given_name ?? "" })),
    Array.from({ length: ROWS }, (_, row) =>
      h(
        "fieldset",
        { key: String(row) },
        h("legend", null, t("Person %(number)s", { number: row + 1 })),
        field(`home-name-${row}`, t("Namn"), people[row]?.name ?? ""),
        field(`home-relation-${row}`, t("Roll, eller vad personen är till %(name)s", { name: state?.meeting.person.given_name ?? "" }), people[row]?.relation ?? ""),
      ),
    ),
    h("button.button", { type: "submit", key: "save" }, t("Spara")),
    button(null, t("Avbryt"), () => acts.show(null), { kind: "second", key: "cancel" }),
  );
}

// Not `value`: what the person types stays theirs when the page is drawn again.
const field = (id: string, label: string, first: string): Branch =>
  h(
    "div.field",
    null,
    h("label", { for: id }, label),
    h("input", { id, name: id, maxlength: 100, autocomplete: "off", attach: { id: "first", to: (element) => void ((element as HTMLInputElement).value = first) } }),
  );

function read(form: HTMLFormElement): { name: string; relation: string }[] {
  const data = new FormData(form);
  const word = (name: string): string => String(data.get(name) ?? "").trim().slice(0, 100);
  return Array.from({ length: ROWS }, (_, row) => ({ name: word(`home-name-${row}`), relation: word(`home-relation-${row}`) })).filter((one) => one.name !== "");
}

