// A session goes with the customer from tab to tab of one origin: the tab that they look at asks for it, the one that has it gives it
// away. Nothing of a session lies in storage that tabs share but its id.
import { elsewhere, NAME } from './elsewhere';
import { later } from './natives';
import type { Kept } from './signal';

const WAIT = 1000; // milliseconds for the tab that has it to answer

/** What tabs tell each other of a session. */
type Word = { readonly session: string } & ({ readonly ask: number } | { readonly give: number; readonly kept: Kept } | { readonly over: true });

/** Says that this tab has a session, or that it is over. */
export function claim(session: string, on: boolean): void {
  try {
    if (on) localStorage.setItem(NAME, session);
    else if (elsewhere() === session) localStorage.removeItem(NAME);
  } catch {
    // As above.
  }
}

/** Gives a session to the tab that asks for it, and hears when it is over. The channel also tells. */
export function lend(session: string, give: () => Kept | undefined, over: () => void): { over(): void; close(): void } {
  const channel = new BroadcastChannel(NAME);
  const say = (word: Word): void => channel.postMessage(word);
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data.session !== session) return;
    if ('over' in data) over();
    const kept = 'ask' in data ? give() : undefined;
    if (kept && 'ask' in data) say({ session, give: data.ask, kept });
  };
  return {
    over: () => {
      claim(session, false);
      say({ session, over: true });
      channel.close();
    },
    close: () => channel.close(),
  };
}

/** Asks the other tabs for a session. */
export function ask(session: string): Promise<Kept | undefined> {
  const channel = new BroadcastChannel(NAME);
  const number = Math.random();
  return new Promise<Kept | undefined>((done) => {
    channel.onmessage = ({ data }: MessageEvent<Word>) => {
      if (data.session === session && 'give' in data && data.give === number) done(data.kept);
    };
    channel.postMessage({ session, ask: number } satisfies Word);
    later(() => done(undefined), WAIT);
  }).finally(() => channel.close());
}
