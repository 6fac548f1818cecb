/** What stands over the faces when something is not as it should: first what happened, then what to do (direction.md, tone 9–12). */

import info from "lucide-static/icons/info.svg";
import micOff from "lucide-static/icons/mic-off.svg";
import signalLow from "lucide-static/icons/signal-medium.svg";
import volumeX from "lucide-static/icons/volume-x.svg";
import wifiOff from "lucide-static/icons/wifi-off.svg";
import { t } from "../../texts.js";
import { leads, type State } from "../../meeting.js";
import { sending } from "../network.js";
import { hostAway, hostName, otherLeader } from "../people.js";
import { consentWords } from "../consent.js";
import type { Acts, Model } from "../model.js";
import { h, type Branch } from "../view.js";
import { button, note } from "./parts.js";
import { plainNote, unsure } from "./safety.js";
import { seenSoon } from "./sight.js";
import mic from "lucide-static/icons/mic.svg";
import volume from "lucide-static/icons/volume-2.svg";

/** At most one at a time, the most pressing first: a pile of messages is read by nobody. */
export function messageView(model: Model, acts: Acts): Branch | null {
  const said = pressing(model, acts);
  return said ? h("div.messages", { key: "messages", role: "status" }, said) : null;
}

function pressing(model: Model, acts: Acts): Branch | null {
  if (model.media === "reconnecting" || (model.connection === "lost" && model.media !== "on")) {
    return note("wait", wifiOff, t("Du har tappat nätet."), model.hindrance || t("Vi försöker igen hela tiden. Du behöver inte göra något."));
  }
  if (model.soundBlocked) return note("wait", volumeX, t("Ljudet väntar på dig."), "", h("p", null, button(volume, t("Slå på ljudet"), () => acts.allowSound(), { small: model.layout !== "kiosk" })));
  if (model.state?.me.unrecognised) return seenSoon();
  if (model.talkingMuted) {
    return note("wait", micOff, t("Vi hör dig inte."), t("Mikrofonen är av. Tryck på Mikrofon om du vill tala."), h("p", null, button(mic, t("Sätt på mikrofonen"), () => acts.toggleMicrophone(), { small: model.layout !== "kiosk" })));
  }
  if (model.consent && model.state && leads(model.state.me)) return note("wait", info, ...consentWords(model.consent, model.layout));
  const given = sending(model.network.step);
  if (given.others === "none") return note("wait", signalLow, t("Nätet är svagt."), t("Vi har stängt av all bild så att ljudet hörs bra. Bilden kommer tillbaka av sig själv."));
  if (given.picture === "none") return note("wait", signalLow, t("Nätet är svagt."), t("Vi har stängt av bilden så att ljudet hörs bra."));
  if (model.safety.unsure.length > 0) return unsure(model.safety);
  if (model.safety.mode === "off" && model.panel !== "safety") return plainNote(model.safety);
  const away = model.tiles.find((tile) => tile.line === "back" && !tile.mine);
  // In the home it is the nurse's computer that is gone: she is named as everywhere else, not the patient.
  if (away) return note("info", wifiOff, t("%(name)s har tappat nätet", { name: away.identified.split(" ")[0] || away.given }), t("och är på väg tillbaka."));
  const empty = model.state && !model.state.me.host ? hostAway(model.state) : null;
  if (model.state && empty) return note("info", info, empty, withoutHost(model.state));
  if (model.notice && model.panel !== "people") return note("info", info, model.notice, "");
  return null;
}

/** The meeting goes on: who can let in those who come. */
function withoutHost(state: State): string {
  if (leads(state.me)) return t("Mötet fortsätter. Du kan släppa in dem som kommer.");
  const other = otherLeader(state);
  if (other) return t("Mötet fortsätter. %(name)s kan släppa in dem som kommer.", { name: other.given_name });
  return t("Mötet fortsätter. Nya kan släppas in när %(name)s är tillbaka.", { name: hostName(state) });
}
