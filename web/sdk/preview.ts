// A window in which the customer sees what the agents see.
import { call } from './signal';
import type { Kept } from './signal';

/** Opens the preview of a session in a window of its own. */
export async function openPreview(kept: Kept): Promise<void> {
  // Opened at once: later the browser would take it for a pop-up that nobody asked for.
  const view = open('about:blank');
  if (!view) throw new Error('the browser blocked the window: allow pop-ups for this page');
  try {
    const answer = await call(kept, '/preview', { method: 'POST' });
    const { url } = (await answer.json()) as { readonly url: string };
    view.opener = null;
    view.location.replace(new URL(url, kept.server));
  } catch (error) {
    view.close();
    throw error;
  }
}
