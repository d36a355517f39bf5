// picture.js: a camera that shows one colour, and an eye that names what it
// sees. SPDX-License-Identifier: MIT

// A square that moves on the colour, so that each picture is another one.
export function camera(color) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const paint = canvas.getContext('2d');
  let n = 0;
  setInterval(() => {
    paint.fillStyle = color;
    paint.fillRect(0, 0, 320, 240);
    paint.fillStyle = 'white';
    paint.fillRect((n++ * 7) % 300, 100, 20, 20);
  }, 50);
  return canvas.captureStream(20);
}

export function watch(track) {
  const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true, playsInline: true });
  const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 16 });
  const paint = canvas.getContext('2d', { willReadFrequently: true });
  video.srcObject = new MediaStream([track]);
  document.body.append(video);
  video.play().catch(() => {});
  // the mean of what is shown now
  return () => {
    if (!video.videoWidth) return null;
    paint.drawImage(video, 0, 0, 16, 16);
    const { data } = paint.getImageData(0, 0, 16, 16);
    const sum = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4) for (let c = 0; c < 3; c++) sum[c] += data[i + c];
    const [red, green, blue] = sum.map((s) => Math.round(s / 256));
    return { width: video.videoWidth, red, green, blue };
  };
}

// The codec that offers of this page name first.
export function prefer(codec) {
  const { createOffer } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createOffer = function offer(...args) {
    const all = RTCRtpReceiver.getCapabilities('video').codecs;
    const first = all.filter((c) => c.mimeType.toLowerCase() === `video/${codec}`.toLowerCase());
    for (const t of this.getTransceivers()) {
      if (t.receiver.track.kind === 'video') t.setCodecPreferences([...first, ...all.filter((c) => !first.includes(c))]);
    }
    return createOffer.apply(this, args);
  };
  return RTCRtpSender.getCapabilities('video').codecs.some((c) => c.mimeType.toLowerCase() === `video/${codec}`.toLowerCase());
}
