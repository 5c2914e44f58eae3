// The words of the public interface for the numbers on the wire.
import { EndReason, Path, Scope, SessionState } from '../wire/frames';
import type { EndReason as EndName, Path as PathName, Scope as ScopeName, State } from './index';

const scopeNames: readonly (readonly [ScopeName, number])[] = [
  ['view', Scope.View], ['point', Scope.Point], ['scroll', Scope.Scroll], ['click', Scope.Click], ['type', Scope.Type],
  ['navigate', Scope.Navigate], ['record', Scope.Record], ['second-agent', Scope.SecondAgent],
];

const control = Scope.Point | Scope.Scroll | Scope.Click | Scope.Type | Scope.Navigate;

/** The scopes of a set of bits. */
export const scopesOf = (bits: number): ScopeName[] => scopeNames.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name);

/** The bits of a scope, or of the level "control". */
export function bitsOf(what: 'control' | ScopeName): number {
  return what === 'control' ? control : scopeNames.find(([name]) => name === what)?.[1] ?? 0;
}

const states = new Map<number, State>([
  [SessionState.Waiting, 'waiting'], [SessionState.Asked, 'asked'], [SessionState.Active, 'active'], [SessionState.Paused, 'paused'],
  [SessionState.Resuming, 'resuming'], [SessionState.Ended, 'ended'],
]);

/** The name of a state. */
export const stateOf = (state: number): State => states.get(state) ?? 'ended';

const reasons = new Map<number, EndName>([
  [EndReason.Customer, 'customer'], [EndReason.Agent, 'agent'], [EndReason.AgentAway, 'agent-away'], [EndReason.CustomerGone, 'customer-gone'],
  [EndReason.Refused, 'refused'], [EndReason.Limit, 'limit'], [EndReason.Policy, 'policy'], [EndReason.Protocol, 'protocol'],
  [EndReason.Server, 'server'], [EndReason.Fault, 'fault'],
]);

/** The name of a reason. */
export const reasonOf = (reason: number): EndName => reasons.get(reason) ?? 'fault';

const paths = new Map<number, PathName>([
  [Path.UDP, 'udp'], [Path.TCP, 'tcp'], [Path.RelayUDP, 'relay-udp'], [Path.RelayTCP, 'relay-tcp'], [Path.RelayTLS, 'relay-tls'],
]);

/** The name of a way to the server. */
export const pathOf = (path: number): PathName => paths.get(path) ?? 'unknown';

/** A text as it may stand in the console's own lines: nothing in it changes the direction or hides characters (threat row 27). */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not be shown
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]|\udb40[\udc00-\udc7f]/g, ' ').slice(0, 512);
}
