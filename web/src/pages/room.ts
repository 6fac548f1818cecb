/** The meeting page: device check, waiting room, room and end in one document. */

import { MeetingClient } from "../client.js";
import { element, pageData } from "../page_data.js";
import { Announcer } from "../room/announcer.js";
import { MeetingRoom } from "../room/controller.js";
import { Focus } from "../room/focus.js";
import { shortcut } from "../room/keys.js";
import type { Layout, PageData } from "../room/model.js";
import { pageTitle, pageView } from "../room/views/page.js";
import { View } from "../room/view.js";

const page = pageData<PageData>();
const narrow = matchMedia("(max-width: 72rem)");
const layout = (): Layout => (page.kiosk ? "kiosk" : narrow.matches ? "phone" : "desk");

const view = new View(element("room"));
const focus = new Focus();
const room = new MeetingRoom(page, layout(), {
  client: new MeetingClient(page.meeting),
  announcer: new Announcer(element("room-news")),
  soundHolder: element("room-sound"),
  draw: (model) => {
    document.body.dataset["screen"] = model.screen;
    document.body.dataset["layout"] = model.layout;
    document.title = `${pageTitle(model)} – Hemmaplan`;
    view.draw(pageView(model, room));
    focus.follow(model);
  },
});

narrow.addEventListener("change", () => room.setLayout(layout()));
document.addEventListener("keydown", (event) => {
  if (shortcut(event, room.model, room)) event.preventDefault();
});
window.addEventListener("pagehide", () => room.stop());
// Back out of the browser's page cache: everything was closed, so begin anew.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
room.start();
