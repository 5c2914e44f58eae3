import { defineConfig } from 'vitest/config';

// A test that needs a DOM says so in its first line: // @vitest-environment jsdom
export default defineConfig({
  test: {
    include: ['{wire,sdk,viewer,console,player}/**/*.test.{ts,tsx}'],
    environment: 'node',
    setupFiles: ['sdk/jsdom.testing.ts'],
    testTimeout: 10_000,
    allowOnly: false,
  },
});
