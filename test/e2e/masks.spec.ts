// What must never leave the page: read from every byte that the SDK sent, as it was sent and inflated.
import { expect, test, together } from './support/env';
import { everyByte } from './support/frames';
import { expectSame } from './support/people';

// What the page holds from the start (see pages/form.html), and what is typed below.
const planted = ['hidden-value-31337', 'never-shared-text-4711', 'never-shared-value-4712', 'masked-text-4713', 'hidden-text-4714'];
const typed = {
  '#password': 'pass-Zebra-5501',
  '#card': '4111 1111 1111 1111',
  '#csc': '90210',
  '#otp': 'otp-559921',
  '#masked': 'masked-typed-5503',
  '#nosync-field': 'nosync-typed-5504',
  '#email': 'selector-masked-5505@example.org',
};
const later = ['copied-title-5506', 'copied-data-5507', 'placeholder-5508', 'inserted-5509', 'switched-5510', 'option-5511', '4111111111111111', '4111 1111'];

test('secrets are in no byte that the SDK sent', { tag: '@firefox' }, async ({ customer, agent, server, at }) => {
  const { page } = customer;
  await page.goto(at('form.html'));
  await page.locator('#email').fill(typed['#email']);
  const code = await page.evaluate(async () => {
    const { help } = window as unknown as { help: (options: object) => Promise<string> };
    return help({ mask: ['#email'] });
  });
  await agent.join(await server.signIn('ada'), code);
  await customer.press(/^allow$/i);
  await expect.poll(() => agent.sees(), { timeout: 15_000 }).toBe(true);

  for (const [selector, value] of Object.entries(typed)) {
    await page.locator(selector).fill('');
    await page.locator(selector).pressSequentially(value);
  }
  await page.evaluate(() => {
    const by = (id: string): HTMLElement => {
      const found = document.getElementById(id);
      if (!found) throw new Error(id);
      return found;
    };
    // Copies of what a field holds, where a framework might put them.
    by('password').title = 'copied-title-5506';
    by('card').dataset['value'] = 'copied-data-5507';
    by('masked').setAttribute('placeholder', 'placeholder-5508');
    by('masked-text').append('inserted-5509');
    by('nosync').append('inserted-5509');
    by('hidden-text').append('inserted-5509');
    by('card').setAttribute('value', '4111111111111111');
    const list = document.createElement('select');
    list.dataset['vitrine'] = 'mask';
    list.append(new Option('option-5511', 'option-5511', true, true));
    by('plain').append(list);
  });
  // "Show password": the field becomes a text field and stays secret.
  await page.locator('#password').evaluate((field: HTMLInputElement) => { field.type = 'text'; });
  await page.locator('#password').pressSequentially('switched-5510');
  await page.locator('#password').evaluate((field) => field.removeAttribute('autocomplete'));
  await page.locator('#password').press('End');
  await page.locator('#text').fill('the last change');
  await expect.poll(async () => JSON.stringify(await agent.stage())).toContain('the last change');

  const bytes = everyByte(await customer.sent());
  expect(bytes.includes('as written') || bytes.includes('the last change'), 'the search finds what was sent').toBe(true);
  expect(bytes.includes('Every kind of field')).toBe(true);
  const found = [...planted, ...Object.values(typed), ...later].filter((secret) => bytes.includes(secret));
  expect(found).toEqual([]);
  const stage = JSON.stringify(await agent.stage());
  expect([...planted, ...Object.values(typed), ...later].filter((secret) => stage.includes(secret))).toEqual([]);
});

test('secrets of the checkout are in no byte that the SDK sent', async ({ customer, agent, server }) => {
  const { page } = customer;
  await together(customer, agent, server, new URL('checkout.html', server.demo).href);
  const secrets = { card: '5500 0000 0000 0004', expiry: '11/29', cvc: '8731', password: 'kiln-Password-77', otp: '660913' };
  for (const [name, value] of Object.entries(secrets)) await page.locator(`[name=${name}]`).pressSequentially(value);
  await page.locator('[name=name]').fill('Jette Marlow-Test');
  await expect.poll(async () => JSON.stringify(await agent.stage())).toContain('Jette Marlow-Test');
  await expectSame(customer, agent);
  const bytes = everyByte(await customer.sent());
  const never = [...Object.values(secrets), '5500000000000004', 'KILN-7H2Q-AUTUMN', 'ending in 4242', 'b-20931-77c4'];
  expect(never.filter((secret) => bytes.includes(secret))).toEqual([]);
  expect(bytes.includes('Jette Marlow-Test')).toBe(true);
});
