// Neither side ever learns where the other is, and networks that let nothing but TURN through are enough.
import type { BrowserContext } from '@playwright/test';
import { expect, test, together } from './support/env';
import { expectSame } from './support/people';
import type { Candidate } from './support/probe/types';
import type { Server } from './support/server';

type Transport = 'udp' | 'tcp';

// Leaves the browser nothing but TURN over one transport.
async function relayOnly(context: BrowserContext, transport: Transport): Promise<void> {
  await context.addInitScript((wanted) => {
    const Real = RTCPeerConnection;
    const fits = (url: string): boolean => url.startsWith('turn:') && (url.includes('transport=tcp') ? 'tcp' : 'udp') === wanted;
    window.RTCPeerConnection = class extends Real {
      constructor(config: RTCConfiguration = {}) {
        const iceServers = (config.iceServers ?? []).map((server) => ({ ...server, urls: [server.urls].flat().filter(fits) })).filter(({ urls }) => urls.length > 0);
        super({ ...config, iceServers, iceTransportPolicy: 'relay' });
      }
    };
  }, transport);
}

// Addresses of the loopback are the same for both, so the port makes the difference.
function own(candidates: readonly Candidate[]): string[] {
  return candidates.filter(({ side }) => side === 'local').map(({ address }) => address.split(' ')[0] ?? '');
}

function seen(candidates: readonly Candidate[]): string[] {
  return candidates.filter(({ side }) => side === 'remote').map(({ address }) => address);
}

function apart(mine: readonly Candidate[], others: readonly Candidate[], server: Server): void {
  expect(seen(mine).length).toBeGreaterThan(0);
  const numbers = JSON.stringify(seen(mine)).split(/[^0-9]+/);
  // Port 9 stands for a TCP candidate that only opens connections (RFC 6544, section 4.5).
  const ports = own(others).map((address) => address.slice(address.lastIndexOf(':') + 1)).filter((port) => Number(port) > 9);
  expect(ports.length).toBeGreaterThan(0);
  for (const port of ports) expect(numbers, `the other side's port ${port}`).not.toContain(port);
  for (const address of seen(mine)) expect(address, 'only the server is offered').toBe(server.udp);
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`relay only over turn ${transport}`, async ({ customer, agent, server, at }) => {
    await relayOnly(customer.page.context(), transport);
    await relayOnly(agent.page.context(), transport);
    await together(customer, agent, server, at('form.html'));
    await expectSame(customer, agent);
    await customer.page.locator('#text').fill(`through ${transport}`);
    await expectSame(customer, agent);
    const sides = [await customer.candidates(), await agent.candidates()] as const;
    for (const candidates of sides) {
      const local = candidates.filter(({ side, used }) => side === 'local' && used);
      expect(local.map(({ type }) => type)).toEqual(['relay']);
      expect(local.map(({ relay }) => relay)).toEqual([transport]);
      expect(candidates.filter(({ side }) => side === 'local').map(({ type }) => type)).not.toContain('host');
    }
    apart(sides[0], sides[1], server);
    apart(sides[1], sides[0], server);
    await expect(agent.page.locator('.quality dd')).toContainText([/^\d+ ms$/, '0 %', /^\d+ ms$/, `by the relay (${transport.toUpperCase()})`], { timeout: 10_000 });
  });
}

test('without a relay, too, each side sees the server only', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  const sides = [await customer.candidates(), await agent.candidates()] as const;
  apart(sides[0], sides[1], server);
  apart(sides[1], sides[0], server);
});
