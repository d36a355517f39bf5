// netns.mjs: a suite in a network of its own (netns.sh), and what happens to networks: cards,
// firewalls. SPDX-License-Identifier: MIT
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const OWN = '192.0.2.1'; // of the card that is always there
export const OTHER = '203.0.113.77'; // of another one
export const SERVER = '198.51.100.1'; // for mediad, of no card
export const CARDS = { [OWN]: 'web0', [OTHER]: 'web2' };

export const ip = (...args) => execFileSync('ip', args, { stdio: 'inherit' });

// The whole file runs again in that network, and this process ends with it.
export function inOwnNetwork() {
  if (process.env.CORDBOARD_NETNS) return;
  const again = spawnSync(fileURLToPath(new URL('netns.sh', import.meta.url)),
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit', env: process.env });
  process.exit(again.status ?? 1);
}

// An address of no card. `from`: what a TCP connection to it is from, when it does not say (an
// address that is ours is talked to from itself, but Chromium takes that for another network).
export function serverAddress(address = SERVER, from = null) {
  ip('addr', 'replace', `${address}/32`, 'dev', 'lo');
  if (from) ip('route', 'replace', 'local', `${address}/32`, 'dev', 'lo', 'src', from, 'table', 'local');
}

// Two cards, whatever was.
export function secondCard() {
  secondCard.away();
  ip('link', 'add', 'web2', 'type', 'veth', 'peer', 'name', 'web3');
  for (const card of ['web2', 'web3']) ip('link', 'set', card, 'addrgenmode', 'none', 'up');
  ip('addr', 'replace', `${OWN}/24`, 'dev', 'web0');
  ip('addr', 'add', `${OTHER}/24`, 'dev', 'web2');
  ip('route', 'replace', 'default', 'dev', 'web0', 'metric', '20');
  ip('route', 'replace', 'default', 'dev', 'web2', 'metric', '10');
}
secondCard.away = () => spawnSync('ip', ['link', 'del', 'web2']);

export const loseCard = (address) => ip('addr', 'flush', 'dev', CARDS[address]);

// A firewall that lets no datagram pass from and to this address, or between two; gives what ends
// it. Only the sender's very address is looked at: by datagrams to the internet that it never sends
// a browser learns its own, and which of a name's can be reached.
export function blockUdp(one, other = 'all') {
  spawnSync('ip', ['rule', 'add', 'pref', '5', 'lookup', 'local']);
  spawnSync('ip', ['rule', 'del', 'pref', '0']);
  const ways = [[one, other], [other === 'all' ? OWN : other, one]];
  const rules = ways.map(([from, to]) => ['pref', '2', 'from', from, 'to', to, 'ipproto', 'udp', 'prohibit']);
  for (const rule of rules) ip('rule', 'add', ...rule);
  return () => { for (const rule of rules) ip('rule', 'del', ...rule); };
}
