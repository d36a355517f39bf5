// suite.mjs: one stack for the tests of a file, and a tenant for each test.
// SPDX-License-Identifier: MIT
import { Stack } from './stack.mjs';
import { Ua } from './sip.mjs';

const TENANTS = 60;
const USERS = ['alice', 'bob', 'carol', 'dave'];

// The same users and routes for each, so that no test sees another's devices.
export function tenants(count = TENANTS) {
  const one = (i) => `  t${i}:
    domains: ["t${i}.test"]
    realm: cordboard
    users:
${USERS.map((user) => `      ${user}: {password: ${user}-secret}`).join('\n')}
      pair: {password: pair-secret, max_devices: 2}
    routes:
      - {name: services, match: {callee: "echo"}, to: {service: echo}}
      - {name: tone, match: {callee: "tone"}, to: {service: tone}}
      - {name: away, match: {callee: "0[0-9]+"}, to: {reject: {code: 403, reason: No Trunk}}}
      - {name: by number, match: {callee: "1([a-z]+)"}, to: {user: "\${1}"}}
`;
  return `tenants:\n${Array.from({ length: count }, (_, i) => one(i)).join('')}`;
}

// T1 of 50 ms: what RFC 3261 gives up after 32 s is over after 3.2 s.
const SIP = `sip:
  t1: 50ms
  t2: 400ms
  t4: 500ms
`;

// A device that goes in a call is not waited for, if the suite does not say so.
const grace = (sip) => (sip.includes('flow_grace:') ? '' : '  flow_grace: 500ms\n');

export class Suite {
  // options: of Stack; sip: what stands beside the timers, or timers: others
  constructor({ sip = '', sigd = '', timers = SIP, ...options } = {}) {
    this.stack = new Stack({ routing: tenants(), ...options, sip: `${timers}${grace(sip)}${sip}${sigd}` });
    this.tenants = 0;
    this.uas = [];
  }

  async start(env) {
    await this.stack.start(env);
    this.before = await this.stack.descriptors();
    return this;
  }

  tenant() {
    const domain = `t${this.tenants++ % TENANTS}.test`;
    return {
      domain,
      ua: async (user, options = {}) => {
        const ua = await Ua.open(this.stack, { user, domain, ...options });
        this.uas.push(ua);
        return ua;
      },
      // ... and registered
      phone: async (user, options = {}) => {
        const ua = await Ua.open(this.stack, { user, domain, ...options });
        this.uas.push(ua);
        const res = await ua.register();
        if (res.code !== 200) throw new Error(`${user} cannot register: ${res.first} ${res.why}`);
        return ua;
      },
    };
  }

  // So many calls of one tenant, each behind the other and over when the next
  // one begins; their Call-IDs.
  async calls(n) {
    const tenant = this.tenant();
    const bob = await tenant.phone('bob', { transport: 'udp' });
    const ids = [];
    for (let i = 0; i < n; i++) {
      const alice = await tenant.ua('alice', { transport: 'ws' });
      const out = alice.call('bob');
      const into = await bob.incoming();
      into.answer();
      const { code, callid } = await out.final;
      if (code !== 200) throw new Error(`call ${i} of ${n} got ${code}`);
      await into.up();
      await out.bye();
      ids.push(callid);
      alice.close();
    }
    return ids;
  }

  // After each test.
  hangUp() {
    for (const ua of this.uas.splice(0)) ua.close();
  }

  // After the last: nothing is left, in Redis or in the processes.
  async stop() {
    try {
      this.hangUp();
      if (this.before) {
        await this.stack.audit();
        await this.stack.settled(this.before);
      }
    } finally {
      await this.stack.stop();
    }
  }
}
