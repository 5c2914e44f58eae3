// What every page of the owner's asks, whether it has a session or not. Nothing is kept where tabs share it.
import { later } from './natives';

/** Under this name tabs speak of a session. */
export const NAME = 'vitrine';

const WAIT = 100; // milliseconds: whoever has one is on this machine

/** The session that a tab of this origin has and would give away; '' for none. */
export function elsewhere(): Promise<string> {
  return new Promise((done) => {
    const channel = new BroadcastChannel(NAME);
    const end = (session: string): void => {
      channel.close();
      done(session);
    };
    channel.onmessage = ({ data }: MessageEvent<{ readonly here?: string }>) => data.here && end(data.here);
    channel.postMessage({ who: 1 });
    later(() => end(''), WAIT);
  });
}
