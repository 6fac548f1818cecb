// Runs before the page's own scripts. A small camera: encoding three people's large pictures at once is more than a test
// machine can do in time, and the page would rightly take that for a weak network. Layers and large pictures have their
// own tests in tests/sfu.
(() => {
  const devices = navigator.mediaDevices;
  const open = devices?.getUserMedia.bind(devices);
  if (!open) return;
  devices.getUserMedia = ({ video, ...rest }) =>
    open({ ...rest, ...(video ? { video: { width: 320, height: 180, frameRate: 10 } } : {}) });
})();
