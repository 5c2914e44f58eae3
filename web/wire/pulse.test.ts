// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pulse } from './pulse';

/** A connection as far as a pulse looks at it. */
class Peer extends EventTarget {
  connectionState = 'connected';
  signalingState = 'stable';
  pendingLocalDescription: { sdp: string } | null = null;
  bytes = 0;
  offers = 0;

  getStats(): Promise<Map<string, unknown>> {
    return Promise.resolve(new Map([['pair', { type: 'candidate-pair', nominated: true, bytesReceived: this.bytes, currentRoundTripTime: 0.01 }]]));
  }

  createOffer(options: { iceRestart?: boolean }): Promise<{ sdp: string }> {
    expect(options.iceRestart).toBe(true);
    return Promise.resolve({ sdp: `offer ${++this.offers}` });
  }

  setLocalDescription(offer: { sdp: string }): Promise<void> {
    this.signalingState = 'have-local-offer';
    this.pendingLocalDescription = offer;
    return Promise.resolve();
  }

  setRemoteDescription(): Promise<void> {
    this.signalingState = 'stable';
    this.pendingLocalDescription = null;
    return Promise.resolve();
  }
}

function watch(answer: (offer: string) => Promise<string | undefined>, reach = (): Promise<unknown> => Promise.resolve()): { peer: Peer; pulse: Pulse; told: string[] } {
  const peer = new Peer();
  const told: string[] = [];
  const pulse = new Pulse({
    peer: peer as unknown as RTCPeerConnection,
    ask: () => void told.push('ask'),
    reach,
    restart: async (offer) => {
      const sdp = await offer();
      told.push(sdp);
      return answer(sdp);
    },
    quiet: () => void told.push('quiet'),
    back: () => void told.push('back'),
    broken: () => void told.push('broken'),
  });
  return { peer, pulse, told };
}

const answered = (): Promise<string> => Promise.resolve('answer');

beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] }); });
afterEach(() => { vi.useRealTimers(); });

test('who hears the server does nothing', async () => {
  const { pulse, told } = watch(answered);
  for (let n = 0; n < 20; n++) {
    await vi.advanceTimersByTimeAsync(950);
    pulse.word();
  }
  expect(told).toEqual([]);
  pulse.close();
});

test('silence: the server is asked, then ICE is restarted within two seconds, and a word ends it', async () => {
  const { pulse, told } = watch(answered);
  await vi.advanceTimersByTimeAsync(2000);
  expect(told).toEqual(['ask', 'quiet', 'offer 1']);
  pulse.word();
  expect(told.at(-1)).toBe('back');
  await vi.advanceTimersByTimeAsync(2000);
  expect(told.slice(4), 'the next break is mended as well').toEqual(['ask', 'quiet', 'offer 2']);
  pulse.close();
});

test('packets without a word are no break', async () => {
  const { peer, pulse, told } = watch(answered);
  for (let n = 0; n < 40; n++) {
    peer.bytes += 20;
    await vi.advanceTimersByTimeAsync(200);
  }
  expect(told).not.toContain('quiet');
  expect(told).toContain('ask');
  pulse.close();
});

test('a network that was away as a whole: the path as it was goes on, if it does', async () => {
  for (const revives of [true, false]) {
    const { peer, pulse, told } = watch(answered, () => new Promise((done) => setTimeout(done, 1400)));
    await vi.advanceTimersByTimeAsync(3000);
    expect(told, 'the server is not reached yet').toEqual(['ask', 'quiet']);
    if (revives) peer.bytes++;
    await vi.advanceTimersByTimeAsync(200);
    if (revives) pulse.word();
    await vi.advanceTimersByTimeAsync(500);
    expect(told).toEqual(revives ? ['ask', 'quiet', 'back'] : ['ask', 'quiet', 'offer 1']);
    pulse.close();
  }
});

test('a restart that is refused, or that mends nothing, ends the connection; so does a long silence', async () => {
  const refused = watch(() => Promise.resolve(undefined));
  await vi.advanceTimersByTimeAsync(2000);
  expect(refused.told).toEqual(['ask', 'quiet', 'offer 1', 'broken']);

  const useless = watch(answered);
  await vi.advanceTimersByTimeAsync(6500);
  expect(useless.told).toEqual(['ask', 'quiet', 'offer 1', 'broken']);

  const unreachable = watch(() => Promise.reject(new Error('no network')));
  await vi.advanceTimersByTimeAsync(9500);
  expect(unreachable.told.at(-1)).not.toBe('broken');
  expect(new Set(unreachable.told), 'the same offer again and again').toEqual(new Set(['ask', 'quiet', 'offer 1']));
  await vi.advanceTimersByTimeAsync(1000);
  expect(unreachable.told.at(-1)).toBe('broken');
  const { length } = unreachable.told;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(unreachable.told.length, 'nothing after that').toBe(length);
});

test('a network that comes back, and a wake, are asked about at once', async () => {
  const { pulse, told } = watch(answered);
  dispatchEvent(new Event('online'));
  expect(told).toEqual(['ask']);
  pulse.word();
  vi.setSystemTime(Date.now() + 60_000); // the clock went on, this program did not
  await vi.advanceTimersByTimeAsync(200);
  expect(told).toEqual(['ask', 'ask']);
  await vi.advanceTimersByTimeAsync(800);
  expect(told).toEqual(['ask', 'ask', 'quiet', 'offer 1']);
  pulse.close();
});

test('a path that failed is mended at once, and a mended one that fails is given up', async () => {
  const { peer, told } = watch(answered);
  await vi.advanceTimersByTimeAsync(100);
  peer.connectionState = 'failed';
  peer.dispatchEvent(new Event('connectionstatechange'));
  await vi.advanceTimersByTimeAsync(1);
  expect(told).toEqual(['quiet', 'offer 1']);
  peer.dispatchEvent(new Event('connectionstatechange'));
  expect(told).toEqual(['quiet', 'offer 1', 'broken']);
});
