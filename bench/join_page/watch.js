// Runs before our own room page's scripts: tells when others are first seen and heard in it. Nothing of the page is changed.
"use strict";
(() => {
  const seen = {};
  const heard = {};
  const silent = new Map();
  const remote = new Set();
  const watched = new WeakSet();
  let pressed = 0;
  let connecting = 0;

  document.addEventListener("click", () => (pressed = performance.now()), { capture: true });

  window.WebSocket = class extends WebSocket {
    constructor(...options) {
      super(...options);
      if (new URL(options[0], location.href).pathname.startsWith("/rtc")) connecting ||= performance.now();
    }
  };

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      this.addEventListener("track", ({ track, receiver }) => {
        if (track.kind === "video") remote.add(track.id);
        else silent.set(track.id, receiver);
      });
    }
  };

  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

  async function energy(receiver) {
    for (const report of (await receiver.getStats()).values()) if (report.type === "inbound-rtp") return report.totalAudioEnergy ?? 0;
    return 0;
  }

  function lookForPictures() {
    for (const video of document.querySelectorAll("video")) {
      const track = video.srcObject?.getVideoTracks()[0]?.id;
      if (!remote.has(track) || watched.has(video)) continue;
      watched.add(video);
      video.requestVideoFrameCallback(() => (seen[track] ??= performance.now()));
    }
  }

  /** Milliseconds from LiveKit's socket being opened: when the person pressed the button (before it), each first picture, each first sound. */
  window.measureEntering = async (people, limit) => {
    const end = performance.now() + limit;
    while (performance.now() < end && (Object.keys(seen).length < people || Object.keys(heard).length < people)) {
      lookForPictures();
      for (const [track, receiver] of silent) {
        // Statistics cost time that the entering would have: they are asked once something has been played out at all.
        if (!receiver.getSynchronizationSources().length || !((await energy(receiver)) > 0)) continue;
        heard[track] = performance.now();
        silent.delete(track);
      }
      await pause();
    }
    const since = (times) => Object.values(times).map((at) => at - connecting);
    return { pressed: connecting - pressed, video: since(seen), audio: since(heard) };
  };
})();
