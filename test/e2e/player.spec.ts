// A co-browse that is recorded, and what the player makes of it: everything in the page, nothing to the server but the asking.
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, together } from './support/env';
import { Agent, expectSame, withProbe } from './support/people';

// Made anew in every run: a key has no place in a repository.
const keys = { identity: '' };

test.use({
  config: [async ({}, use) => { // eslint-disable-line no-empty-pattern -- the runner wants the fixtures that are needed
    keys.identity = await generateX25519Identity();
    const recipient = await identityToRecipient(keys.identity);
    await use(`sites: [{key: demo, name: Demo shop, company: Demo shop, origins: ["http://127.0.0.1:*", "http://localhost:*"], record: {recipients: [${recipient}]}}]`);
  }, { scope: 'worker' }],
});

test('a recording shows what the agent saw, and its key stays in the page', async ({ browser, customer, agent, probe, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await agent.page.getByRole('button', { name: 'Ask the customer whether this session may be recorded' }).click();
  await expect.poll(() => customer.says()).toContain('to record this session');
  await customer.press(/^allow$/i);
  await expect.poll(() => customer.says()).toContain('This session is being recorded');
  await customer.page.locator('#text').fill('what I type');
  await customer.page.locator('#password').fill('open sesame');
  await customer.page.locator('#check').check();
  await expectSame(customer, agent);
  const seen = await agent.stage();
  await customer.press(/^stop recording$/i);
  await expect.poll(() => customer.says()).not.toContain('This session is being recorded');
  await customer.page.locator('#text').fill('not recorded');
  await expectSame(customer, agent);

  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
  const viewer = new Agent(await withProbe(context, probe));
  const { page } = viewer;
  await page.goto(await server.signIn('rita', 'auditor'));
  await expect.poll(() => page.url()).not.toContain('token');
  const asked: string[] = [];
  page.on('request', (request) => { asked.push(`${request.method()} ${new URL(request.url()).pathname} ${request.postData() ?? ''}`); });
  await expect(async () => {
    await page.goto(`${server.base}/player/`);
    await expect(page.locator('#recording option')).toHaveCount(2);
  }).toPass();
  await page.locator('#recording').selectOption({ index: 1 });
  const other = await generateX25519Identity();
  const key = (text: string) => ({ name: 'key.txt', mimeType: 'text/plain', buffer: Buffer.from(`# a comment\n${text}\n`) });
  await page.locator('#key').setInputFiles(key(other));
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.locator('#said')).toContainText('the key is another one');
  await page.locator('#key').setInputFiles(key(keys.identity));
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.locator('#player')).toBeVisible();
  await expect(page.locator('#found')).toBeEmpty();
  await expect.poll(() => viewer.sees()).toBe(true);
  expect(JSON.stringify(await viewer.stage())).not.toContain('what I type');

  // To its end, at eight times the speed; then back to the beginning, and to the end in one jump.
  await page.locator('#speed').selectOption('8');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect.poll(() => viewer.stage(), { timeout: 20_000 }).toEqual(seen);
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  const jump = (to: 'min' | 'max') => page.locator('#timeline').evaluate((range, end) => {
    if (!(range instanceof HTMLInputElement)) throw new Error('no timeline');
    range.value = range[end];
    range.dispatchEvent(new Event('change'));
  }, to);
  await jump('min');
  await expect.poll(async () => JSON.stringify(await viewer.stage())).not.toContain('what I type');
  await jump('max');
  await expect.poll(() => viewer.stage()).toEqual(seen);
  const text = JSON.stringify(await viewer.stage());
  expect(text).not.toContain('open sesame');
  expect(text).not.toContain('not recorded');
  await page.getByRole('button', { name: 'Close' }).click();
  expect(asked.join('\n')).not.toContain('AGE-SECRET');
  expect(asked.filter((one) => !/^GET \/(player|stage|v1\/recordings)/.test(one)), 'requests of the player').toEqual([]);
  await context.close();
});

test('what the browser\'s library seals, vitrine open opens', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-tape-'));
  try {
    const identity = await generateX25519Identity();
    const to = new Encrypter();
    to.addRecipient(await identityToRecipient(identity));
    const head = Buffer.alloc(64);
    head.write('VTR\x01', 'latin1');
    head.writeUInt32BE(1, 20);
    head.writeBigUInt64BE(BigInt(Date.now()), 56);
    const plain = Buffer.concat([head, Buffer.from([5, 4, 1, 0]), Buffer.from([9, 0xff, 4]), Buffer.from('done')]);
    await writeFile(join(folder, '000001.age'), await to.encrypt(plain));
    await writeFile(join(folder, 'key.txt'), `${identity}\n`);
    const { stdout } = await promisify(execFile)(join(__dirname, '../../bin/vitrine'), ['open', folder, '--identity', join(folder, 'key.txt')]);
    expect(stdout).toContain('ended     done');
    expect(stdout).toMatch(/1 inputs of agents/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
