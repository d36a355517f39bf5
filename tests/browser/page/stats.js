// stats.js: what a browser tells of a call's media.
// SPDX-License-Identifier: MIT

// How far ICE is, and by which credentials.
export function ice({ localDescription, remoteDescription, iceConnectionState, signalingState }) {
  const ufrag = ({ sdp }) => sdp.match(/^a=ice-ufrag:(.*?)\r?$/m)[1];
  return { ours: ufrag(localDescription), theirs: ufrag(remoteDescription), state: iceConnectionState, stable: signalingState === 'stable' };
}

// The pair that packets take. Firefox names it in the pair alone.
const selected = (all) => [...all.values()].find((s) => (s.type === 'transport' ? s.selectedCandidatePairId : s.selected));

export async function stats(pc) {
  const out = {};
  const all = await pc.getStats();
  for (const s of all.values()) {
    if (s.kind === 'video' && s.type === 'inbound-rtp') {
      out.video = { frames: s.framesDecoded, keys: s.keyFramesDecoded, plis: s.pliCount, nacks: s.nackCount,
        received: s.packetsReceived, lost: s.packetsLost, codec: all.get(s.codecId)?.mimeType };
    }
    if (s.kind === 'video') continue;
    if (s.type === 'inbound-rtp') Object.assign(out, { received: s.packetsReceived, lost: s.packetsLost, samples: s.totalSamplesReceived, concealed: s.concealedSamples });
    if (s.type === 'outbound-rtp') out.sent = s.packetsSent;
    if (s.type === 'codec' && /audio/.test(s.mimeType)) out.codec = s.mimeType;
    if (s.type === 'remote-inbound-rtp') Object.assign(out, { rtt: s.roundTripTime, farLost: s.packetsLost, farReport: s.timestamp });
    if (s.type === 'transport') {
      Object.assign(out, { srtp: s.srtpCipher, dtls: s.dtlsState });
    }
  }
  const way = selected(all);
  const pair = way?.type === 'transport' ? all.get(way.selectedCandidatePairId) : way;
  const { protocol, address, port, candidateType, relayProtocol } = all.get(pair?.localCandidateId) ?? {};
  const { address: farAddress, port: farPort, usernameFragment: farUfrag } = all.get(pair?.remoteCandidateId) ?? {};
  Object.assign(out, { protocol, address, port, candidate: candidateType, relay: relayProtocol, farAddress, farPort, farUfrag });
  return out;
}
