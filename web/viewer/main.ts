// The viewer's entry: join a session.
import { type Access, freshICE, joinError, useCode } from './http';
import type { JoinOptions, View } from './index';
import { AgentView } from './view';

async function access(server: string, options: JoinOptions): Promise<Access> {
  const { code, session, token } = options;
  if (code !== undefined) return { server, ...(await useCode(server, code, token)) };
  if (session === undefined || token === undefined) throw joinError(0, 'join needs a code, or a session with its token');
  const made: Access = { server, session, token, ice: [] };
  await freshICE(made);
  return made;
}

/** Joins a session. */
export async function join(options: JoinOptions): Promise<View> {
  const server = new URL(options.server, location.href).origin;
  // The replica is built by reaching into the stage's document, which only works within one origin.
  if (server !== location.origin) throw joinError(0, `the viewer must run in a page of ${server}`);
  const view = new AgentView(await access(server, options), options.container);
  await view.start();
  return view;
}
