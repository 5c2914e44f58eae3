// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Watchdog } from './watchdog';

let barks = 0;
const dog = new Watchdog(() => { barks++; });

let clock = 0;

beforeEach(() => {
  barks = 0;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  dog.start();
});

afterEach(() => {
  dog.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

// While the thread is busy no timer runs, and one comes late when it is free.
function freeze(milliseconds: number): void {
  clock += milliseconds;
  vi.advanceTimersToNextTimer();
}

it('threat-24 lets a page be slow once', () => {
  freeze(3000);
  expect(barks).toBe(0);
});

it('threat-24 stops a page that freezes the window', () => {
  freeze(6000);
  expect(barks).toBe(1);
});

it('threat-40 stops a page that is slow again and again, once', () => {
  for (let i = 0; i < 12; i++) freeze(1200);
  expect(barks).toBe(1);
});

it('threat-40 lets a busy page be', () => {
  for (let i = 0; i < 400; i++) freeze(290); // a sixth of the time is lost
  expect(barks).toBe(0);
});

it('does not take a night for a freeze', () => {
  freeze(8 * 3600_000);
  expect(barks).toBe(0);
});

it('watches again after it was started again', () => {
  freeze(6000);
  dog.start();
  freeze(3000);
  expect(barks).toBe(1);
  freeze(3000);
  expect(barks).toBe(2);
});
