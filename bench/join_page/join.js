// The page of the join benchmark: the unmodified livekit-client, without any page of ours around it.
"use strict";
const { Room, RoomEvent, Track } = LivekitClient;

/**
 * Join, and tell when what happened, in milliseconds from the call of connect():
 * connected, and per publisher first video frame presented and first sound decoded (audio energy above 0).
 */
async function measureJoin(url, token, publishers, limit) {
  const room = (window.room = new Room());
  const video = {};
  const audio = {};
  const listening = new Map();
  room.on(RoomEvent.TrackSubscribed, (track, _publication, participant) => {
    const element = track.attach();
    document.body.append(element);
    if (track.kind === Track.Kind.Video) {
      element.requestVideoFrameCallback(() => {
        video[participant.identity] ??= performance.now() - start;
      });
    } else {
      listening.set(participant.identity, track.receiver);
    }
  });
  const start = performance.now();
  await room.connect(url, token);
  const connected = performance.now() - start;
  while (performance.now() - start < limit) {
    for (const [identity, receiver] of listening) {
      for (const report of (await receiver.getStats()).values()) {
        if (report.type === "inbound-rtp" && report.totalAudioEnergy > 0) {
          audio[identity] = performance.now() - start;
          listening.delete(identity);
        }
      }
    }
    if (Object.keys(video).length >= publishers && Object.keys(audio).length >= publishers) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await room.disconnect();
  return { connected, video: Object.values(video), audio: Object.values(audio) };
}
