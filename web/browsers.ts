// The browsers that the package manager installed. Playwright's own downloads are never used: what is tested is what
// distributions ship.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The browsers that customers may use. */
export type Name = 'chromium' | 'firefox';

/** What a project chooses. */
export interface Choice {
  /** The browser that the customer uses; agents use Chromium. */
  customers: Name;
}

const programs: Readonly<Record<Name, readonly string[]>> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  firefox: ['firefox-esr', 'firefox'],
};

/** Where a browser is. */
export function system(browser: Name): string {
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  for (const name of programs[browser]) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        continue; // the next place
      }
    }
  }
  throw new Error(`no ${browser} on PATH: run \`make test\`, which installs it, or install the package "${programs[browser][0] ?? ''}"`);
}
