import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

const root = join(import.meta.dirname, '..');

// systemChromium finds the browser that the package manager installed.
// Playwright's own downloads are never used: what is tested is what distributions ship.
function systemChromium(): string {
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
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
  throw new Error('no Chromium on PATH: run `make test`, which installs it, or install the package "chromium"');
}

export default defineConfig({
  testDir: join(root, 'test/e2e'),
  outputDir: join(root, 'test/artefacts'),
  tsconfig: join(root, 'test/e2e/tsconfig.json'),
  // One browser at a time: latency is measured, and small machines have two cores.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  retries: 0,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    trace: 'off',
    screenshot: 'off',
    launchOptions: {
      executablePath: systemChromium(),
      // The sandbox needs privileges that containers and CI machines do not give to root.
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
