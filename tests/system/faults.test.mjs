// The kill matrix: one fault each, at a moment that hurts, and what becomes of
// a registration or a call. It completes, or both sides are ended; nobody rings
// for ever, and nothing is left. The points are named in the code: FAULT().
// SPDX-License-Identifier: MIT
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { sleep, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const PATIENCE_MS = 5000; // a caller's who hears nothing; sip.takeover is 1 s

// What a person would do: lets it ring, and answers each call or none.
function device(ua, { answers = true } = {}) {
  const robot = { ua, calls: [], stop: false };
  robot.done = (async () => {
    while (!robot.stop && !ua.closed) {
      const call = ua.rung.shift();
      if (!call) {
        await sleep(10);
        continue;
      }
      call.ring();
      robot.calls.push(call);
      if (answers) setTimeout(() => robot.pickUp(call), 100);
    }
  })();
  robot.pickUp = (call) => {
    if (call.cancelled || call.over) return;
    call.answer();
  };
  // each call that rang was ended by the network
  robot.idle = () => until(() => robot.calls.every((call) => call.over || call.cancelled), `${ua.user} is left alone`);
  return robot;
}

// The final code, or 'BYE' when the call was ended before there was one.
async function outcome(call) {
  try {
    return (await call.final).code;
  } catch (e) {
    if (call.requests.some((msg) => msg.method === 'BYE')) return 'BYE';
    throw e;
  }
}

// --- what happens meanwhile -----------------------------------------------------------

const registers = (transport) => async (suite) => {
  const tenant = suite.tenant();
  const params = ';+sip.instance="<urn:uuid:1>";reg-id=1';
  let alice = null;
  let res = null;
  // as a client would: again, when its connection is gone
  while (!res) {
    alice = await until(() => tenant.ua('alice', { transport }).catch(() => null), 'connected');
    res = await alice.register({ params }).catch((e) => {
      if (!alice.gone) throw e;
    });
  }
  assert.equal(res.code, 200);
  assert.equal(res.all('contact').length, 1);
  const bob = await tenant.ua('bob');
  const robot = device(alice);
  const call = bob.call('alice', { limit: PATIENCE_MS });
  assert.equal((await call.final).code, 200);
  await call.bye();
  robot.stop = true;
  await robot.idle();
};

function expect(result, expected) {
  assert.ok(expected.includes(result), `${result} is none of ${expected.join(', ')}`);
}

const echoes = (...expected) => async (suite) => {
  const alice = await suite.tenant().ua('alice');
  const call = alice.call('echo', { limit: PATIENCE_MS });
  const result = await outcome(call);
  expect(result, expected);
  if (result === 200) assert.equal((await call.bye()).code, 200);
};

const talks = (...expected) => async (suite) => {
  const tenant = suite.tenant();
  const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob')];
  const robot = device(bob);
  const call = alice.call('bob', { limit: PATIENCE_MS });
  const result = await outcome(call);
  expect(result, expected);
  if (result === 200) {
    await until(() => robot.calls.some((c) => c.ackMessage), 'the ACK comes');
    assert.equal((await call.bye()).code, 200);
  }
  await robot.idle();
  robot.stop = true;
};

// gives up while it rings
const quits = (...expected) => async (suite) => {
  const tenant = suite.tenant();
  const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob')];
  const robot = device(bob, { answers: false });
  const call = alice.call('bob', { limit: PATIENCE_MS });
  await call.ringing();
  await call.cancel();
  const result = await outcome(call);
  expect(result, expected);
  await robot.idle();
  robot.stop = true;
};

// is up, but no media ever comes
const withoutMedia = async (suite) => {
  const tenant = suite.tenant();
  const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob')];
  const robot = device(bob);
  const [call, echo] = [alice.call('bob'), alice.call('echo')];
  assert.equal((await call.final).code, 200);
  assert.equal((await echo.final).code, 200);
  await Promise.all([call.ended(), echo.ended(), robot.idle()]);
  robot.stop = true;
};

// --- the matrix ------------------------------------------------------------------------

const cells = [
  ['sigd dies when the bindings are written, before the 200, over UDP', 'sigd.register.done=kill@1', registers('udp')],
  ['sigd dies when the bindings are written, before the 200, over WebSocket', 'sigd.register.done=kill@1', registers('ws')],

  ['sigd dies when the record is written, before the 200 of a service', 'sigd.answer.saved=kill@1', echoes(200, 503)],
  ['sigd dies when the 200 of a service is out', 'sigd.answer.sent=kill@1', echoes(200)],
  ['mediad dies with a command that it has read', 'mediad.command.taken=kill@1', echoes(200)],
  ['mediad dies with a session made, before it says so', 'mediad.command.served=kill@1', echoes(200, 503)],
  ['mediad dies with its answer made, before it says so', 'mediad.command.served=kill@3', echoes(503)],
  ['mediad dies when a leg is in the state file', 'mediad.leg.stored=kill@1', echoes(200, 503)],
  ['mediad has no room for its state', 'mediad.leg.store=errno:ENOSPC', echoes(200)],
  ['mediad stands still', 'mediad.command.served=delay:60000@1', echoes(200, 503)],

  ['sigd dies when the offer is there, before the INVITE', 'sigd.invite.offered=kill@1', talks(200, 503)],
  ['sigd dies when the INVITE is out', 'sigd.invite.sent=kill@1', talks(200, 503)],
  ['sigd dies when the device has answered', 'sigd.answer.taken=kill@1', talks(503)],
  ['sigd dies when the record is written, before the 200', 'sigd.answer.saved=kill@1', talks(200)],
  ['sigd dies when the 200 is out', 'sigd.answer.sent=kill@1', talks(200)],
  ['sigd stands still with the record written, before the 200', 'sigd.answer.saved=delay:60000@1', talks(200)],
  ['sigd cannot write the record', 'sigd.record.save=errno:ENOTCONN', talks(503)],
  ['mediad dies with the offer for a device made', 'mediad.command.served=kill@2', talks(503)],
  ['mediad dies with the answer of a device taken', 'mediad.command.served=kill@3', talks(503)],
  ['mediad dies with both sides joined', 'mediad.command.served=kill@4', talks(503)],
  ['mediad dies with the answer for the caller made', 'mediad.command.served=kill@5', talks(503)],

  ['sigd dies with a CANCEL taken, before it goes on', 'sigd.cancel.taken=kill@1', quits(487, 503)],
  ['sigd dies with a BYE begun, before it goes on', 'sigd.bye.begun=kill@1', talks(200)],
  ['sigd dies with a BYE of its own sent, before the end is written', 'sigd.bye.sent=kill@1', withoutMedia],
  ['sigd dies when the end is written, with BYEs under way', 'sigd.end.recorded=kill@1', withoutMedia],
  ['sigd dies when the end is written', 'sigd.end.recorded=kill@1', talks(200)],
  ['sigd dies with an event read', 'sigd.event.taken=kill@1', withoutMedia],
  ['sigd dies with an event acted upon, before it says so', 'sigd.event.ended=kill@1', withoutMedia],
  ['mediad dies with a loss that it has not told', 'mediad.loss.noticed=kill@1', withoutMedia],
];

describe('the kill matrix', { timeout: 600000, concurrency: 4 }, () => {
  for (const [name, fault, scenario] of cells) {
    test(name, async () => {
      const suite = new Suite({ sip: '  timer_c: 10s\n  takeover: 1s\n', mediad: 'limits: {setup: 1500ms, grace: 300ms, media_timeout: 1500ms}\n',
        rtpPorts: 64 });
      const { stack } = suite;
      try {
        await stack.start({ CORDBOARD_FAULT: fault });
        await scenario(suite);
        const [daemon] = fault.split('.');
        if (!fault.includes('errno')) {
          await until(() => stack.log(`${daemon}.log`).includes(`msg="process died" name=${daemon}/`), 'it died');
        }
        suite.hangUp();
        await stack.audit(20000);
        // as good as new, when each worker has had its fault
        const alice = await suite.tenant().ua('alice');
        await until(async () => {
          const call = alice.call('echo', { limit: PATIENCE_MS });
          const code = await outcome(call);
          if (code === 200) await call.bye();
          return code === (fault.includes('record.save') ? 503 : 200);
        }, 'calls succeed');
      } finally {
        suite.hangUp();
        await stack.stop();
      }
    });
  }
});
