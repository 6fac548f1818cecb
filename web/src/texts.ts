/**
 * Texts for scripts. The Swedish text is the key; the page embeds the translations its script needs as JSON
 * (`<script type="application/json" id="texts">`), so that no language file is fetched.
 */

type Values = Readonly<Record<string, string | number>>;
interface Embedded {
  readonly lang: string;
  readonly messages: Readonly<Record<string, string | readonly string[]>>;
}

function read(): Embedded {
  const element = document.getElementById("texts");
  return element?.textContent ? (JSON.parse(element.textContent) as Embedded) : { lang: "sv", messages: {} };
}

let embedded: Embedded | undefined;
let rules: Intl.PluralRules | undefined;

function catalog(): Embedded {
  embedded ??= read();
  return embedded;
}

function fill(text: string, values: Values): string {
  return text.replace(/%\((\w+)\)s/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The page's language: `sv` or `en`. */
export function language(): string {
  return catalog().lang;
}

/** The text in the page's language; `%(name)s` is filled from `values`. Call it with a literal, so that it can be found. */
export function t(text: string, values: Values = {}): string {
  const found = catalog().messages[text];
  return fill(typeof found === "string" ? found : text, values);
}

/** The form of the text that `n` asks for; `%(num)s` is the number. */
export function ngettext(one: string, other: string, n: number, values: Values = {}): string {
  rules ??= new Intl.PluralRules(catalog().lang);
  const form = rules.select(n) === "one" ? 0 : 1;
  const found = catalog().messages[one];
  const text = Array.isArray(found) ? (found[form] as string) : form === 0 ? one : other;
  return fill(text, { num: n, ...values });
}
