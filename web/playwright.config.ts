import { join } from 'node:path';
import { defineConfig } from '@playwright/test';
import { type Choice, system } from './browsers';

const root = join(import.meta.dirname, '..');

export default defineConfig<object, Choice>({
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
      executablePath: system('chromium'),
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
  projects: [
    { name: 'chromium' },
    // The customer uses Firefox, the agent Chromium still: all hard cases, and of the rest what bears that mark.
    { name: 'firefox', grep: /cases\.spec|@firefox/, use: { customers: 'firefox' } },
  ],
});
