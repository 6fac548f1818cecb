/** Keyboard shortcuts: all with Alt (WCAG 2.1.4 asks that single letters can be turned off), and Escape. They can be switched off. */

import type { Acts, Model } from "./model.js";

/** True where the key was one of ours. */
export function shortcut(event: KeyboardEvent, model: Model, acts: Acts): boolean {
  if (model.screen !== "room" || model.question) return false;
  if (event.key === "Escape" && model.panel) {
    acts.show(null);
    return true;
  }
  if (!model.keysOn || !event.altKey || event.ctrlKey || event.metaKey || event.repeat) return false;
  switch (event.code) {
    case "KeyM":
      acts.toggleMicrophone();
      return true;
    case "KeyK":
      acts.toggleCamera();
      return true;
    case "KeyU":
      acts.toggleHand();
      return true;
    case "KeyC":
      acts.show(model.panel === "chat" ? null : "chat");
      return true;
    case "KeyD":
      acts.show(model.panel === "people" ? null : "people");
      return true;
    default:
      return false;
  }
}
