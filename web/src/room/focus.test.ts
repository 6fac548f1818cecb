import { beforeEach, describe, expect, it } from "vitest";
import { Focus } from "./focus.js";
import { firstModel, type Layout, type Model } from "./model.js";

const model = (changes: Partial<Model>, layout: Layout = "desk"): Model => ({
  ...firstModel({ meeting: "m", kiosk: false, home: false, phone: "", start: "/", vouching_key: "", encryption_worker: "", state: null }, layout, new Date()), screen: "room", ...changes,
});
const at = (): string => document.activeElement?.id ?? "";

beforeEach(() => {
  document.body.innerHTML = ["view-title", "panel-title", "ctl-chat", "ctl-people", "message"].map((id) => `<button id="${id}"></button>`).join("");
});

describe("the focus", () => {
  it("does not move when the page opens, and goes to each new view's heading", () => {
    const focus = new Focus();
    focus.follow(model({ screen: "check" }));
    expect(at()).toBe("");
    focus.follow(model({ screen: "waiting" }));
    expect(at()).toBe("view-title");
  });

  it("goes into a panel that opens, and back to its button where it would have been lost", () => {
    const focus = new Focus();
    focus.follow(model({}));
    focus.follow(model({ panel: "chat" }));
    expect(at()).toBe("panel-title");
    document.getElementById("panel-title")?.blur();
    focus.follow(model({ panel: null }));
    expect(at()).toBe("ctl-chat");
  });

  it("is never taken from what somebody is doing", () => {
    const focus = new Focus();
    focus.follow(model({ panel: "chat" }));
    document.getElementById("message")?.focus();
    focus.follow(model({ panel: "chat", hand: true }));
    expect(at()).toBe("message");
    focus.follow(model({ panel: null }));
    expect(at()).toBe("message");
  });

  it("stays on the phone's tab", () => {
    const focus = new Focus();
    focus.follow(model({}, "phone"));
    document.getElementById("ctl-people")?.focus();
    focus.follow(model({ panel: "people" }, "phone"));
    expect(at()).toBe("ctl-people");
  });
});
