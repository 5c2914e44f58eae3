// Every way to the server that is no relay, each as if it were the only one, told by what the browser says it uses.
import type { BrowserContext, Page } from '@playwright/test';
import { expect, test, together } from './support/env';
import { expectSame } from './support/people';
import type { Server } from './support/server';

test.use({ config: 'udp: ["127.0.0.1:0", "127.0.0.1:0", "[::1]:0"]\nice_tcp: 127.0.0.1:0\n' });

// Takes the relays away, and all of the server's candidates but those that hold a text.
async function only(context: BrowserContext, text: string): Promise<void> {
  await context.addInitScript((wanted) => {
    const Real = RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
      constructor(config: RTCConfiguration = {}) {
        super({ ...config, iceServers: [] });
      }

      override async setRemoteDescription(answer: RTCSessionDescriptionInit): Promise<void> {
        const lines = (answer.sdp ?? '').split('\r\n').filter((line) => !line.startsWith('a=candidate:') || line.includes(wanted));
        return super.setRemoteDescription({ ...answer, sdp: lines.join('\r\n') });
      }
    };
  }, text);
}

// The server's end of what carries the data.
async function selected(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const found: string[] = [];
    for (const peer of window.probe.peers) {
      const stats = new Map<string, Record<string, unknown>>();
      (await peer.getStats()).forEach((entry: Record<string, unknown>) => stats.set(String(entry['id']), entry));
      for (const transport of stats.values()) {
        const pair = transport['type'] === 'transport' ? stats.get(String(transport['selectedCandidatePairId'])) : undefined;
        const end = stats.get(String(pair?.['remoteCandidateId']));
        if (end) found.push(`${String(end['protocol'])} ${String(end['address']).replace(/[[\]]/g, '')} ${String(end['port'])}`);
      }
    }
    return found;
  });
}

interface Way {
  readonly name: string;
  readonly protocol: 'udp' | 'tcp';
  readonly at: (server: Server) => string;
}

const ways: readonly Way[] = [
  { name: 'UDP', protocol: 'udp', at: ({ udp }) => udp.split(',')[0] ?? '' },
  { name: 'a second UDP port', protocol: 'udp', at: ({ udp }) => udp.split(',')[1] ?? '' },
  { name: 'UDP over IPv6', protocol: 'udp', at: ({ udp }) => udp.split(',')[2] ?? '' },
  { name: 'ICE-TCP', protocol: 'tcp', at: ({ ice_tcp }) => ice_tcp ?? '' },
];

for (const { name, protocol, at: place } of ways) {
  test(`a co-browse through ${name} alone`, async ({ customer, agent, server, at }) => {
    const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(place(server)) ?? [];
    for (const person of [customer, agent]) await only(person.page.context(), ` ${host} ${port} `);
    await together(customer, agent, server, at('form.html'));
    await expectSame(customer, agent);
    await customer.page.locator('#text').fill(`through ${name}`);
    await expectSame(customer, agent);
    // The server has a word in the choice, too: what it tries from its other ports shows as candidates that nobody uses.
    for (const person of [customer, agent]) expect(await selected(person.page)).toEqual([`${protocol} ${host} ${port}`]);
    await expect(agent.page.locator('.quality dd').last()).toHaveText(`straight (${protocol.toUpperCase()})`, { timeout: 10_000 });
  });
}
