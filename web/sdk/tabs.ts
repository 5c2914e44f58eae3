// A session goes with the customer from tab to tab of one origin: the tab that they look at asks who has one, and whoever does gives it
// away. Nothing of it lies in storage that tabs share.
import { NAME } from './elsewhere';
import { later } from './natives';
import type { Kept } from './signal';

const WAIT = 1000; // milliseconds for the tab that has it to answer

/** What tabs tell each other of a session. */
type Word =
  | { readonly who: number }
  | { readonly here: string }
  | { readonly session: string } & ({ readonly ask: number } | { readonly give: number; readonly kept: Kept } | { readonly over: true });

/** Gives a session to the tab that asks for it, if it is ready for that, and hears when it is over. The channel also tells. */
export function lend(session: string, ready: () => boolean, give: () => Kept, over: () => void): { over(): void; close(): void } {
  const channel = new BroadcastChannel(NAME);
  const say = (word: Word): void => channel.postMessage(word);
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if ('who' in data && ready()) say({ here: session });
    if (!('session' in data) || data.session !== session) return;
    if ('over' in data) over();
    if ('ask' in data && ready()) say({ session, give: data.ask, kept: give() });
  };
  return {
    over: () => {
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
      if ('give' in data && data.session === session && data.give === number) done(data.kept);
    };
    channel.postMessage({ session, ask: number } satisfies Word);
    later(() => done(undefined), WAIT);
  }).finally(() => channel.close());
}
