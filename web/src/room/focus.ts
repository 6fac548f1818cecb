/** Where the keyboard stands when the page changes: at the new view's heading, in the panel that opened, back where it was. */

import type { Model } from "./model.js";

export class Focus {
  private screen = "";
  private panel: string | null = null;

  follow(model: Model): void {
    const first = this.screen === "";
    if (model.screen !== this.screen) {
      this.screen = model.screen;
      this.panel = model.panel;
      if (!first) focusOn("view-title");
      return;
    }
    if (model.panel === this.panel) return;
    const before = this.panel;
    this.panel = model.panel;
    if (model.layout === "phone") {
      if (model.panel === null) keepAt(before ? `ctl-${before}` : null);
    } else if (model.panel) focusOn("panel-title");
    else keepAt(before ? `ctl-${before}` : null);
  }
}

/** Only where the focus has fallen off the page: never taken from what somebody is doing. */
function keepAt(id: string | null): void {
  if (id && (document.activeElement === document.body || document.activeElement === null)) focusOn(id);
}

function focusOn(id: string): void {
  document.getElementById(id)?.focus({ preventScroll: false });
}
