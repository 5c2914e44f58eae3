// The probe: bundled, and put into every page before any other script.
import { page } from './page';
import { addresses, closed, deliver, install, peers, received, send, sent, take } from './record';
import { look, stage } from './stage';
import type { Probe } from './types';

if (window === window.top && !('probe' in window)) {
  install();
  const probe: Probe = { peers, sent, received, closed, take, send, deliver, page, stage, look, addresses };
  Object.defineProperty(window, 'probe', { value: probe });
}
