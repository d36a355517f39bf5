// pbx_world.mjs: tenants with users and PBXs each, for a stack that is about to
// start. What comes from `desk` may go on to another PBX: plain RTP on both sides. SPDX-License-Identifier: MIT
import { Pbx } from './pbx.mjs';
import { Ua } from './sip.mjs';

const USERS = ['alice', 'bob', 'carol'];
export const ANSWER_WITHIN_MS = 400;
export const RING_WITHIN_MS = 1500;
const NAMES = ['first', 'second', 'third', 'desk'];

// What an SDP names may be no more than this, and what a Record-Route is.
export const SDP_MAX = 800;
export const RECORD_ROUTE_MAX = 160;

// What a PBX asks of the gateway, at these methods.
export const challenge = (methods) => ({ realm: 'pbx', username: 'gateway', password: 'gateway-secret',
  methods, nonces: new Set() });

export class World {
  // options: count: of tenants; pbx: yaml keys of each connection
  constructor(stack, { count = 40, keys = '' } = {}) { Object.assign(this, { stack, count, keys, next: 0, tenants: [], agents: [] }); }

  // Their ports stay, though the stack may start several times.
  async open() {
    for (let i = this.tenants.length; i < this.count; i++) {
      const domain = `t${i}.test`;
      const pbxs = [];
      for (const name of NAMES) pbxs.push(await Pbx.open(this.stack, { domain, user: '100', name }));
      const home = await Pbx.open(this.stack, { domain, user: '100', name: 'home' });
      this.tenants.push({ domain, pbxs: [...pbxs, home] });
    }
  }

  // Those at which we register ask who we are.
  challenge() { for (const { pbxs } of this.tenants) pbxs.at(-1).challenge = challenge(['INVITE', 'REGISTER']); }

  routing() {
    return `tenants:\n${this.tenants.map((tenant, i) => this.yaml(tenant, i)).join('')}`;
  }

  yaml({ domain, pbxs }, i) {
    const terms = `transport: udp, answer_within: ${ANSWER_WITHIN_MS}ms, ring_within: ${RING_WITHIN_MS}ms, probe: 0s${this.keys}`;
    const login = `username: gateway, password: gateway-secret, realm: pbx`;
    return `  t${i}:
    domains: ["${domain}"]
    realm: cordboard
    users:
${USERS.map((user, n) => `      ${user}: {password: ${user}-secret, numbers: ["+493${n}"]}`).join('\n')}
    connections:
${NAMES.map((name, n) => `      ${name}: {kind: trunk, address: "${pbxs[n].host}", domain: "pbx.test", ${login}, ${terms}}`).join('\n')}
      home: {kind: register, address: "${pbxs[4].host}", ${login}, expires: 1h, ${terms}}
      branch: {kind: inbound, username: branch, password: branch-secret, ${terms}}
    routes:
      - {name: branch, match: {from: [users, desk], callee: "4[0-9]+"}, to: {connection: branch}}
      - {name: one, match: {from: [users, desk], callee: "1[0-9]+"}, to: {connection: first}}
      - {name: all, match: {from: [users, desk], callee: "2[0-9]+"}, to: {connections: [first, second, third]}}
      - {name: home, match: {from: [users, desk], callee: "3[0-9]+"}, to: {connection: home}}
      - {name: desk, match: {from: first, callee: "9[0-9]+"}, to: {connection: desk}}
      - {name: echo, match: {callee: "echo"}, to: {service: echo}}
`;
  }

  // A tenant for one test: { pbx, second, third, desk, home }, and its users.
  tenant() {
    const tenant = this.tenants[this.next++];
    if (!tenant) throw new Error('no tenant is left');
    const [pbx, second, third, desk, home] = tenant.pbxs;
    const all = this.agents;
    return {
      ...tenant, pbx, second, third, desk, home, agents: [],
      // a user agent without media
      async ua(user, options = {}) {
        const ua = await Ua.open(pbx.stack, { user, domain: tenant.domain, ...options });
        this.agents.push(ua);
        all.push(ua);
        return ua;
      },
      // a PBX that registers with us
      async branch(options = {}) {
        const branch = await Pbx.open(pbx.stack, { user: 'branch', domain: tenant.domain, password: 'branch-secret',
          name: 'branch', ...options });
        this.agents.push(branch);
        all.push(branch);
        const res = await branch.register();
        if (res.code !== 200) throw new Error(`the branch cannot register: ${res.first}`);
        return branch;
      },
      // ... that is registered
      async phone(user, options = {}) {
        const ua = await this.ua(user, options);
        const res = await ua.register({ params: options.params });
        if (res.code !== 200) throw new Error(`${user} cannot register: ${res.first}`);
        return ua;
      },
    };
  }

  // After each test: what a PBX must never be sent.
  faults() {
    const found = [];
    for (const pbx of this.tenants.flatMap(({ pbxs }) => pbxs)) {
      for (const msg of pbx.heard.splice(0)) {
        const told = [pbx.name, msg.first];
        if (/application\/sdp/i.test(msg.get('content-type')) && Buffer.byteLength(msg.body) >= SDP_MAX) {
          found.push([...told, `SDP of ${Buffer.byteLength(msg.body)} bytes`]);
        }
        for (const value of msg.all('record-route')) {
          if (value.length >= RECORD_ROUTE_MAX) found.push([...told, `Record-Route of ${value.length}`]);
        }
        if (/transport=ws/i.test(msg.text)) found.push([...told, 'transport=ws']);
        if (/^Proxy-Authorization:.*cordboard/mi.test(msg.text)) found.push([...told, 'credentials of a user']);
      }
    }
    return found.map((parts) => parts.join(': '));
  }

  // No media of a call that a test left behind.
  quiet() {
    for (const { pbxs } of this.tenants) for (const pbx of pbxs) for (const rtp of pbx.sessions.splice(0)) rtp.close();
  }

  close() {
    for (const { pbxs } of this.tenants) for (const pbx of pbxs) pbx.vanish();
    for (const ua of this.agents) ua.close();
  }
}

