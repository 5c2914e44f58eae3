// Pages and applications that other people wrote, from npm packages; docs/decisions/020 says why these.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Page } from '@playwright/test';

const modules = join(__dirname, '../../../web/node_modules');

/** A page, and how it is brought to where it is worth a picture. */
export interface Sample {
  readonly name: string;
  /** The folder that is served as the root of the site. */
  readonly root: string;
  readonly path: string;
  /** Files that the package leaves to its user. */
  readonly files?: Readonly<Record<string, string>>;
  /** Something that is there once the page has made itself. */
  readonly ready: string;
  readonly prepare?: (page: Page) => Promise<unknown>;
}

const operation = (summary: string, tag: string): object => ({
  summary, tags: [tag],
  parameters: [{ name: 'id', in: 'query', required: true, description: 'Number of the item', schema: { type: 'integer' } }],
  responses: { 200: { description: 'Found', content: { 'application/json': { schema: { $ref: '#/components/schemas/Item' } } } }, 404: { description: 'Not there' } },
});

const description = JSON.stringify({
  openapi: '3.0.3',
  info: { title: 'Store', version: '1.2.0', description: 'Items, orders and *people* of a store.' },
  servers: [{ url: '/v1' }],
  tags: [{ name: 'items', description: 'What is sold' }, { name: 'orders', description: 'What was bought' }],
  paths: {
    '/items': { get: operation('Find an item', 'items'), post: operation('Put an item on sale', 'items'), delete: operation('Take an item off', 'items') },
    '/orders': { get: operation('Find an order', 'orders'), put: operation('Change an order', 'orders') },
  },
  components: { schemas: { Item: { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string', example: 'Cup' }, price: { type: 'number' } } } } },
});

const initializer = `window.onload = () => { window.ui = SwaggerUIBundle({ url: '/store.json', dom_id: '#swagger-ui', validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset], layout: 'StandaloneLayout' }); };`;

/** All pages. */
export const samples: readonly Sample[] = [
  { name: 'gallery of jQuery UI', root: 'jquery-ui-dist', path: 'index.html', ready: '.ui-datepicker-calendar' },
  { name: 'SB Admin 2, tables', root: 'startbootstrap-sb-admin-2', path: 'tables.html', ready: '#dataTable_info' },
  {
    name: 'Swagger UI', root: 'swagger-ui-dist', path: 'index.html', ready: '.opblock',
    files: { '/swagger-initializer.js': initializer, '/store.json': description },
    prepare: async (page) => { await page.locator('.opblock-summary-control').first().click(); await page.locator('.opblock-body table').first().waitFor(); },
  },
  { name: 'SB Admin 2, dashboard', root: 'startbootstrap-sb-admin-2', path: 'index.html', ready: '#myPieChart' },
  { name: 'Gentelella, inbox', root: 'gentelella/dist', path: 'production/inbox.html', ready: '.sidebar, nav' },
  { name: 'Gentelella, form', root: 'gentelella/dist', path: 'production/form.html', ready: 'form' },
  { name: 'theme tester of Dijit', root: '.', path: 'dijit/themes/themeTester.html', ready: '.dijitTabContainer' },
  { name: 'slides of reveal.js', root: 'reveal.js', path: 'demo.html', ready: '.reveal.ready' },
];

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.png': 'image/png', '.gif': 'image/gif', '.jpg': 'image/jpeg', '.webp': 'image/webp', '.svg': 'image/svg+xml', '.woff': 'font/woff', '.woff2': 'font/woff2', '.ttf': 'font/ttf',
};

/** Serves a page's package with one script more, the SDK's, as its owner would add it. */
export async function serve({ root, files = {} }: Sample, sdk: string): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const read = async (path: string): Promise<string | Buffer> => {
    const body = files[path] ?? await readFile(join(modules, root, normalize(path)));
    return path.endsWith('.html') ? body.toString().replace(/<head[^>]*>/i, (head) => `${head}<script src="${sdk}"></script>`) : body;
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://site').pathname);
    read(path).then((body) => {
      response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream');
      response.end(body);
    }, () => { response.writeHead(404).end(); });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise((resolve) => { server.close(resolve); });
      server.closeAllConnections();
      await closed;
    },
  };
}
