// Firefox for customers: as it is shipped, driven by WebDriver BiDi.
import { join } from 'node:path';
import { type Browser, firefox } from '@playwright/test';
import { system } from '../../../web/browsers';

/** Starts Firefox. */
export async function startFirefox(): Promise<Browser> {
  return firefox.launch({
    // The channel alone says that it is not the build that Playwright has patched.
    channel: 'moz-firefox',
    executablePath: join(__dirname, 'firefox.mjs'),
    env: { ...process.env, FIREFOX: system('firefox') },
    headless: true,
    firefoxUserPrefs: {
      // Tests reach nothing but the loopback. It is no candidate for Firefox, and pages that may not hear and see have no
      // candidates but those of the way out (RFC 8828, mode 2).
      'media.peerconnection.ice.loopback': true,
      'permissions.default.camera': 1,
      'permissions.default.microphone': 1,
      // As the other browser without a window: what scrolls has no bar that takes room.
      'ui.useOverlayScrollbars': 1,
      // Nothing of its own leaves the machine, and nothing asks.
      'app.update.enabled': false,
      'browser.shell.checkDefaultBrowser': false,
      'datareporting.policy.dataSubmissionEnabled': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      'toolkit.telemetry.enabled': false,
    },
  });
}
