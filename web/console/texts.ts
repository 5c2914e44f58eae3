// Everything that the console says. One place, so that it can be read as a whole and translated.
import type { EndReason, State, Tool } from '../viewer/index';

export const texts = {
  product: 'Vitrine',
  console: 'Vitrine console',
  signOut: 'Sign out',
  signedInAs: 'Signed in as',
  loading: 'Signing you in\u2026',
  signedOut: {
    title: 'You are not signed in',
    text: 'Open the console through the sign-in link of your company. A link works once and for a few minutes; ask for a new one when yours does not work any more.',
  },
  signInFailed: 'The sign-in link was not accepted. Links work once and for a few minutes: ask for a new one.',
  unreachable: 'The server cannot be reached. Check the network and reload this page.',
  code: {
    title: 'Join a customer',
    text: 'Ask the customer to press the help button on the page, and type the six digits that they read out.',
    label: 'Six-digit code',
    join: 'Join',
    joining: 'Joining\u2026',
    unknown: 'No session waits for this code. Check the digits with the customer, or ask them for a new code.',
    tooMany: 'Too many codes were tried. Wait a minute, then ask the customer for a new code.',
    forbidden: 'You may not join sessions of this site. Ask your administrator for access.',
    signedOut: 'Your sign-in has run out. Open the sign-in link of your company again.',
  },
  page: 'Customer page:',
  verified: 'Verified origin',
  verifiedHint: 'The browser of the customer stated this origin to the server. The page itself has no say in it.',
  noTitle: 'untitled',
  live: 'What the customer sees',
  veil: {
    connecting: { title: 'Connecting\u2026', text: 'The connection to the server is being made. It comes back by itself when the network does.' },
    waiting: { title: 'Waiting for the customer', text: 'The customer has not opened the request yet.' },
    asked: { title: 'Waiting for consent', text: 'The customer is being asked whether you may see the page. You see it as soon as they agree.' },
    paused: { title: 'Paused by the customer', text: 'The customer holds the page back for a moment. You see it again when they go on.' },
    resuming: { title: 'The customer is away for a moment', text: 'Their connection broke or a new page is loading. The session goes on when they are back.' },
  } satisfies Partial<Record<State, { title: string; text: string }>>,
  states: {
    connecting: 'Connecting',
    waiting: 'Waiting',
    asked: 'Asked',
    active: 'Live',
    paused: 'Paused',
    resuming: 'Resuming',
    ended: 'Ended',
  } satisfies Record<State, string>,
  mode: {
    label: 'What you may do',
    view: 'View',
    control: 'Control',
    asking: 'Asked the customer for control. Go on watching until they answer.',
    granted: 'The customer lets you operate the page: click, type and scroll in it.',
    refused: 'The customer did not allow control. You can go on watching and ask again later.',
    revoked: 'The customer took control back. You can go on watching.',
    released: 'You gave control back. You can go on watching.',
    otherDriver: 'Another agent operates the page right now.',
  },
  navigation: { label: 'Move the page', back: 'Back', forward: 'Forward', reload: 'Reload' },
  tools: {
    label: 'Point and draw',
    needs: 'The customer has to allow control before you can point and draw.',
    names: {
      none: 'Pointer', laser: 'Laser', pen: 'Pen', arrow: 'Arrow', rectangle: 'Rectangle', clear: 'Clear drawings',
    } satisfies Record<Tool, string>,
  },
  chat: {
    title: 'Chat',
    open: 'Show chat',
    close: 'Hide chat',
    empty: 'Messages between you and the customer stand here. Nothing is kept after the session.',
    label: 'Message to the customer',
    placeholder: 'Write to the customer\u2026',
    send: 'Send',
    you: 'You',
    customer: 'Customer',
    unread: 'new',
  },
  quality: {
    label: 'Connection',
    good: 'good',
    fair: 'slow',
    poor: 'poor',
    unknown: 'measuring',
    roundTrip: (ms: number) => `${ms} ms to the server`,
    stale: (ms: number) => `page ${ms} ms old`,
    degraded: 'fewer updates, this computer cannot follow',
  },
  end: 'End session',
  endSure: 'End now?',
  dismiss: 'Dismiss',
  again: 'Join another customer',
  ended: {
    'customer': { title: 'The customer ended the session', text: 'Nothing of the page is left here. If help is still needed, ask the customer for a new code.' },
    'agent': { title: 'You ended the session', text: 'Nothing of the page is left here. You can join the next customer.' },
    'agent-away': { title: 'Ended because you were away', text: 'A session ends when nobody watches. Ask the customer for a new code to go on.' },
    'customer-gone': { title: 'The customer left', text: 'Their page was closed or their connection did not come back. Ask for a new code when they are back.' },
    'refused': { title: 'The customer did not agree', text: 'They chose not to show the page. Talk to them, and ask for a new code if they change their mind.' },
    'limit': { title: 'The session reached its time limit', text: 'Ask the customer for a new code to go on.' },
    'policy': { title: 'Ended by your company\u2019s rules', text: 'This page may not be shared any more. Ask your administrator if that is a surprise.' },
    'protocol': { title: 'Ended for safety', text: 'The customer\u2019s page sent something that is not allowed. Ask them to reload the page and start again; tell your administrator if it happens twice.' },
    'server': { title: 'The server is being restarted', text: 'Ask the customer for a new code in a minute.' },
    'fault': { title: 'Something went wrong', text: 'The page could not be shown any further. Ask the customer to reload the page and for a new code.' },
    'lost': { title: 'The connection was lost', text: 'The server could not be reached in time. Check your network, then ask the customer for a new code.' },
  } satisfies Record<EndReason, { title: string; text: string }>,
} as const;

// Why an input was not carried out, by the rule's short name. What is not here gets the last text.
const refusals = new Map<string, string>([
  ['not-granted', 'You are watching only. Ask for control to operate the page.'],
  ['no-focus', 'Click into a field first, then type.'],
  ['paused', 'The customer has paused sharing. Wait until they go on.'],
  ['consent-refused', texts.mode.refused],
  ['consent-pending', texts.mode.asking],
  ['policy-scope', 'Your company does not allow you that on this site. Ask your administrator if you need it.'],
  ['customer-away', 'The customer is away for a moment. Wait until they are back.'],
  ['driver', texts.mode.otherDriver],
  ['row41-typing', 'Nothing can be typed there: the field is private or takes no text. Ask the customer to fill it in.'],
  ['row41-file', 'Only the customer can choose files. Ask them to do it.'],
  ['row42-readonly', 'This part of the page may not be operated. Ask the customer to do it.'],
  ['row42-stale', 'The page has changed meanwhile. Look again and repeat it.'],
  ['row42-target', 'That part of the page is gone or cannot be operated. Look again and repeat it.'],
  ['row42-option', 'That option is gone. Open the list again.'],
  ['row42-covered', 'Something else lies above that place. Ask the customer to move it away.'],
  ['row43-text', 'That text holds characters that cannot be typed.'],
]);

function byKind(rule: string): string | undefined {
  if (rule.startsWith('rate-')) return 'That was too fast. Try again slowly.';
  return rule.startsWith('scope-') ? 'The customer has not allowed that. Ask for control to operate the page.' : undefined;
}

/** A refusal in words. */
export const refusalText = (rule: string): string => refusals.get(rule) ?? byKind(rule) ?? 'The page did not carry that out. Look again, or ask the customer to do it.';
