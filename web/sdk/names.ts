// The words of the public interface for the numbers on the wire, and what else the session counts in.
import type { EndReason, Path, Scope, State } from './index';

// The wire's numbers by name: a state and a reason is an index, a scope a bit.
export const states: readonly State[] = ['waiting', 'asked', 'active', 'paused', 'resuming', 'ended'];
export const reasons: readonly EndReason[] = [
  'none', 'customer', 'agent', 'agent-away', 'customer-gone', 'refused', 'limit', 'policy', 'protocol', 'server', 'fault',
];
export const scopes: readonly Scope[] = ['view', 'point', 'scroll', 'click', 'type', 'navigate', 'record', 'second-agent'];
export const paths: readonly Path[] = ['unknown', 'udp', 'tcp', 'relay-udp', 'relay-tcp', 'relay-tls'];

/** Scopes as bits: all but view, and what lets an agent operate the page. */
export const ALL_BUT_VIEW = 254;
export const HANDS = 60; // scroll, click, type, navigate

/** The scopes of a set of bits. */
export const scopeNames = (bits: number): Scope[] => scopes.filter((_, i) => bits & (1 << i));

export const POINTER_EVERY = 40; // milliseconds
