import { describe, expect, it, vi } from "vitest";
import { h, icon, View } from "./view.js";

function page(): { root: HTMLElement; view: View } {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  return { root, view: new View(root) };
}

describe("a view", () => {
  it("draws, and then changes only what differs", () => {
    const { root, view } = page();
    view.draw(h("p.a", { id: "x", hidden: true }, "En", null, h("b", null, "två")));
    const [p] = root.children;
    expect(root.innerHTML).toBe('<p class="a" id="x" hidden="">En<b>två</b></p>');
    view.draw(h("p.a", { id: "x", class: "b" }, "Tre", h("b", null, "två")));
    expect(root.innerHTML).toBe('<p class="a b" id="x">Tre<b>två</b></p>');
    expect(root.firstElementChild).toBe(p);
  });

  it("takes the place of what stood there before the script came", () => {
    const { root, view } = page();
    root.innerHTML = "<p>Vi hämtar mötet</p>";
    view.draw(h("h1", null, "Gunnars möte"));
    expect(root.innerHTML).toBe("<h1>Gunnars möte</h1>");
  });

  it("writes text as text", () => {
    const { root, view } = page();
    view.draw(h("p", { title: '"><script>' }, "<img onerror=x>"));
    expect(root.querySelector("img, script")).toBeNull();
    expect(root.textContent).toBe("<img onerror=x>");
  });

  it("moves keyed elements and keeps the focus in them", () => {
    const { root, view } = page();
    const list = (...keys: string[]) => h("ul", null, keys.map((key) => h("li", { key }, h("button", { id: key }, key))));
    view.draw(list("a", "b", "c"));
    const c = root.querySelector<HTMLElement>("#c");
    c?.focus();
    view.draw(list("c", "a"));
    expect([...root.querySelectorAll("button")].map((one) => one.id)).toEqual(["c", "a"]);
    expect(root.querySelector("#c")).toBe(c);
    expect(document.activeElement).toBe(c);
  });

  it("does not write over what is being typed unless the value is another", () => {
    const { root, view } = page();
    view.draw(h("input", { value: "a" }));
    const input = root.querySelector("input") as HTMLInputElement;
    input.value = "ab";
    view.draw(h("input", { value: "ab", "aria-label": "x" }));
    expect(input.value).toBe("ab");
    view.draw(h("input", { value: "" }));
    expect(input.value).toBe("");
  });

  it("calls the newest listener", () => {
    const { root, view } = page();
    const [first, second] = [vi.fn(), vi.fn()];
    view.draw(h("button", { on: { click: first } }));
    view.draw(h("button", { on: { click: second } }));
    root.querySelector("button")?.click();
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledOnce();
    view.draw(h("button", null));
    root.querySelector("button")?.click();
    expect(second).toHaveBeenCalledOnce();
  });

  it("attaches once it stands in the page, again for another id, and lets go", () => {
    const { view } = page();
    const log: string[] = [];
    const video = (id: string) => h("video", { attach: { id, to: (element) => { log.push(`${id} ${element.isConnected}`); return () => log.push(`-${id}`); } } });
    view.draw(h("div", null, video("a")));
    view.draw(h("div", null, video("a")));
    view.draw(h("div", null, video("b")));
    view.draw(h("div", null));
    expect(log).toEqual(["a true", "-a", "b true", "-b"]);
  });

  it("draws icons hidden from screen readers", () => {
    const { root, view } = page();
    view.draw(h("span", null, icon('<path d="M0 0"/>'), "Ord"));
    expect(root.querySelector("svg")?.getAttribute("aria-hidden")).toBe("true");
  });
});
