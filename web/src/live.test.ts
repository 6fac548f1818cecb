import { describe, expect, it } from "vitest";
import { takeOver } from "./live";

function page(html: string): Document {
  return new DOMParser().parseFromString(`<!doctype html><body>${html}</body>`, "text/html");
}

describe("taking over what is new", () => {
  it("changes marked parts alone", () => {
    const old = page('<p data-live="when">om 9 minuter</p><p>kvar</p>');
    expect(takeOver(old, page('<p data-live="when">om 8 minuter</p><p>annat</p>'))).toEqual(["when"]);
    expect(old.body.textContent).toBe("om 8 minuterkvar");
  });

  it("leaves what is the same alone", () => {
    const old = page('<p data-live="when">nu</p>');
    const part = old.querySelector("p");
    expect(takeOver(old, page('<p data-live="when">nu</p>'))).toEqual([]);
    expect(old.querySelector("p")).toBe(part);
  });

  it("does not take the place from somebody who is working there", () => {
    document.body.innerHTML = '<div data-live="form"><input id="name" value="Kar"></div>';
    document.getElementById("name")?.focus();
    expect(takeOver(document, page('<div data-live="form"><input id="name"></div>'))).toEqual([]);
  });
});
