// mend.js: a call whose media has lost its way, as the network has changed, is
// given another one by an INVITE with new credentials of ICE (RFC 8445, 9).
// SPDX-License-Identifier: MIT
import JsSIP from 'jssip';

const { REQUEST_TIMEOUT, CONNECTION_ERROR } = JsSIP.C.causes;
const PATIENCE_MS = 1500; // it may come back, or be found by the browser
const SOON_MS = 500; // until an INVITE can be sent
const TRY_MS = 5000; // for an INVITE and the checks after it
const TRY_MOST_MS = 40000; // ... when nothing comes of them

// Chromium looks for another way itself until its checks have failed, Firefox
// does not.
const lost = navigator.userAgent.includes('Firefox') ? ['disconnected', 'failed'] : ['failed'];

export class Mender {
  // can(): whether an INVITE can be sent now
  constructor(session, can) {
    this.session = session;
    this.can = can;
    this.timer = 0;
    this.patience = TRY_MS;
  }

  // The state of ICE has changed.
  look() { this.wait(PATIENCE_MS); }

  stop() { clearTimeout(this.timer); }

  wait(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.mend(), ms);
  }

  mend() {
    const { session } = this;
    if (session.isEnded()) return;
    if (!lost.includes(session.connection?.iceConnectionState)) {
      this.patience = TRY_MS;
      return;
    }
    if (!this.can()) {
      this.wait(SOON_MS);
      return;
    }
    this.outlive();
    session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, () => { delete session.terminate; });
    this.wait(this.patience);
    this.patience = Math.min(this.patience * 2, TRY_MOST_MS);
  }

  // JsSIP ends a call whose INVITE was refused or not answered. RFC 3261, 14.1
  // has it go on as it was, and it may yet find its way, or be moved by the
  // gateway. What ends it all the same: 481, and who hangs up.
  outlive() {
    const { session } = this;
    session.terminate = (why) => {
      const { connection } = session;
      delete session.terminate;
      if (why?.reason_phrase !== 'Media Renegotiation Failed' &&
          ![REQUEST_TIMEOUT, CONNECTION_ERROR].includes(why?.cause)) {
        session.terminate(why);
      } else if (connection.signalingState === 'have-local-offer') {
        connection.setLocalDescription({ type: 'rollback' }).catch(() => {});
      }
    };
  }
}
