// What a help desk understands, for what browsers and the server say.

/** A way to the server that is tried. */
export interface Way {
  /** null is the direct way, without a relay. */
  readonly url: string | null;
  readonly name: string;
}

/** How a way turned out. */
export interface Outcome {
  readonly works: boolean;
  readonly said: string;
  /** What to do, when something is to be done. */
  readonly advice: string;
  /** For whoever knows the words: codes and protocols, no addresses. */
  readonly detail: string;
}

/** The ways that the server's list of TURN servers names, and the direct one. */
export function waysOf(urls: readonly string[]): Way[] {
  const ways: Way[] = urls.map((url) => {
    const port = /:(\d+)(\?|$)/.exec(url)?.[1] ?? '';
    if (url.startsWith('turns:')) return { url, name: `Relay over TLS, like a web page (TCP port ${port || '5349'})` };
    const tcp = url.includes('transport=tcp');
    return { url, name: `Relay over ${tcp ? 'TCP' : 'UDP'} (port ${port || '3478'})` };
  });
  return [...ways, { url: null, name: 'Direct, without a relay' }];
}

interface Explained {
  readonly said: string;
  readonly advice: string;
}

/** What an icecandidateerror (WebRTC section 4.8.2) means for a URL. */
export function explain(url: string, code: number): Explained {
  if (code === 486 || code === 508) {
    return { said: 'The relay has no room left for this network.', advice: 'Wait a minute, then open a new link.' };
  }
  if (code === 401 || code === 438) {
    return { said: 'The relay did not accept the credential.', advice: 'The link may be too old, or a clock is wrong. Ask for a new link.' };
  }
  if (url.startsWith('turns:')) {
    return {
      said: 'No secure connection to the relay.',
      advice: 'A proxy or virus scanner probably opens TLS connections to look inside, or the server\'s certificate is not right. '
        + 'Ask the network\'s admin for an exception for this server\'s name.',
    };
  }
  if (url.includes('transport=tcp')) {
    return { said: 'This TCP port is not reached: probably a firewall blocks it.', advice: 'Nothing has to be done if another way works.' };
  }
  return { said: 'The relay is not reached over UDP: probably a firewall blocks it.', advice: 'Nothing has to be done if another way works.' };
}

/** What is said when a way is open and yet nothing comes through. */
export function silent(url: string | null): Explained {
  if (url === null) {
    return { said: 'No direct connection: probably a firewall blocks UDP.', advice: 'Nothing has to be done if a relay works. Direct connections are faster.' };
  }
  return { said: 'The relay answers, but the connection through it does not open.', advice: 'Tell whoever runs the server.' };
}

/** What the server's refusal of the check means. */
export function refused(status: number): string {
  if (status === 401) return 'This link is used up or too old. Each is good once and for ten minutes: ask for a new one.';
  if (status === 429) return 'Too many checks from this network. Wait a minute, then ask for a new link.';
  if (status === 503) return 'The server is being restarted. Try again in a minute.';
  return `The server refuses the check (${String(status)}).`;
}

/** The sentence above the list. */
export function verdict(outcomes: readonly { readonly way: Way; readonly outcome: Outcome }[]): { works: boolean; text: string } {
  const direct = outcomes.some(({ way, outcome }) => way.url === null && outcome.works);
  const relay = outcomes.some(({ way, outcome }) => way.url !== null && outcome.works);
  if (direct) return { works: true, text: relay ? 'All is well: sessions work from here.' : 'Sessions work from here, directly.' };
  if (relay) return { works: true, text: 'Sessions work from here, through a relay.' };
  return { works: false, text: 'Sessions cannot work from here.' };
}
