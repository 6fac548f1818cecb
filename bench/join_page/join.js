// The page of the join benchmark: the unmodified livekit-client, without any page of ours around it.
"use strict";
const { Room, RoomEvent, Track } = LivekitClient;

/** When the steps of a join were first reached, in the page's time; told by the browser's own objects. */
const reached = {};
const reach = (step) => (reached[step] ??= performance.now());

window.WebSocket = class extends WebSocket {
  constructor(...options) {
    super(...options);
    this.addEventListener("open", () => reach("socket"));
    this.addEventListener("message", () => reach("joined"));
  }
};

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) {
    super(...options);
    this.addEventListener("signalingstatechange", () => this.currentRemoteDescription && reach("answered"));
    this.addEventListener("iceconnectionstatechange", () => this.iceConnectionState === "connected" && reach("ice"));
    this.addEventListener("connectionstatechange", () => this.connectionState === "connected" && reach("dtls"));
  }
};

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

async function incoming(receiver) {
  for (const report of (await receiver.getStats()).values()) if (report.type === "inbound-rtp") return report;
  return {};
}

/**
 * Join, and tell when what happened, in milliseconds from the call of connect():
 * connected, and per publisher first video frame presented and first sound decoded (audio energy above 0).
 * Afterwards wait until so many frames of each publisher are decoded, and tell frames and energy.
 */
async function measureJoin(url, token, publishers, leastFrames, limit) {
  const room = (window.room = new Room());
  const video = {};
  const audio = {};
  const watched = [];
  const heard = [];
  const silent = new Map();
  room.on(RoomEvent.TrackSubscribed, (track, _publication, participant) => {
    const element = track.attach();
    document.body.append(element);
    if (track.kind === Track.Kind.Video) {
      watched.push(track.receiver);
      element.requestVideoFrameCallback((_now, frame) => {
        reached.received ??= frame.receiveTime;
        video[participant.identity] ??= performance.now() - start;
      });
    } else {
      heard.push(track.receiver);
      silent.set(participant.identity, track.receiver);
    }
  });
  const start = performance.now();
  await room.connect(url, token);
  const connected = performance.now() - start;
  while (performance.now() - start < limit) {
    for (const [identity, receiver] of silent) {
      // Statistics cost time that the join would have: they are asked once something has been played out at all.
      if (!receiver.getSynchronizationSources().length) continue;
      if ((await incoming(receiver)).totalAudioEnergy > 0) {
        audio[identity] = performance.now() - start;
        silent.delete(identity);
      }
    }
    if (Object.keys(video).length >= publishers && Object.keys(audio).length >= publishers) break;
    await pause();
  }
  let decoded = [];
  let sounds = [];
  while (performance.now() - start < limit) {
    decoded = await Promise.all(watched.map(incoming));
    sounds = await Promise.all(heard.map(incoming));
    if (decoded.every((report) => report.framesDecoded >= leastFrames)) break;
    await pause();
  }
  await room.disconnect();
  return {
    connected,
    video: Object.values(video),
    audio: Object.values(audio),
    steps: Object.fromEntries(Object.entries(reached).map(([step, at]) => [step, at - start])),
    framesDecoded: decoded.map((report) => report.framesDecoded ?? 0),
    audioEnergy: sounds.map((report) => report.totalAudioEnergy ?? 0),
  };
}
