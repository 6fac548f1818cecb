// Runs before the page's own scripts: remembers every RTCPeerConnection, so that a test can read what is received and
// from whom. LiveKit names a stream "participant|track"; the page writes the person's name beside the video it plays.
(() => {
  const peers = [];
  const streams = {};
  window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
    construct(target, given, called) {
      const peer = Reflect.construct(target, given, called);
      peers.push(peer);
      peer.addEventListener("track", (event) => (streams[event.track.id] = event.streams[0]?.id ?? ""));
      return peer;
    },
  });
  const nameOf = (video) => {
    const holder = video.closest(".tile, .kseat")?.closest(".kseat, figure") ?? video.parentElement;
    return holder.querySelector(".nameplate__name, .kseat__head b, .plate b")?.textContent ?? "";
  };
  // RTP packets received in all, sound and picture, also of what the page does not show
  window.receivedPackets = async () => {
    let packets = 0;
    for (const peer of peers)
      (await peer.getStats()).forEach((one) => (packets += one.type === "inbound-rtp" ? (one.packetsReceived ?? 0) : 0));
    return packets;
  };
  // {name: {frames, energy, packets}} of those whose picture the page shows right now
  window.receivedMedia = async () => {
    const owners = {};
    for (const peer of peers) {
      if (peer.connectionState === "closed") continue;
      (await peer.getStats()).forEach((one) => {
        if (one.type !== "inbound-rtp") return;
        const owner = (streams[one.trackIdentifier] ?? "").split("|")[0];
        const person = (owners[owner] ??= { frames: 0, energy: 0, packets: 0 });
        if (one.kind === "video") person.frames += one.framesDecoded ?? 0;
        else person.energy += one.totalAudioEnergy ?? 0;
        person.packets += one.packetsReceived ?? 0;
      });
    }
    const named = {};
    for (const video of document.querySelectorAll("video")) {
      const track = video.srcObject?.getVideoTracks()[0]?.id;
      const owner = (streams[track] ?? "").split("|")[0];
      if (owner && owners[owner]) named[nameOf(video)] = owners[owner];
    }
    return named;
  };
})();
