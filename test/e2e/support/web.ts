// The owner's web server, on a loopback origin of its own, and a server that nobody but the customer may ever reach.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
};

// A server of node:http that listens, and how to close it with its connections.
async function listen(handler: RequestListener): Promise<{ server: HttpServer; port: number; close(): Promise<void> }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => { server.close(resolve); });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The owner's pages. */
export interface Site {
  readonly origin: string;
  /** Headers of every page whose path starts with the key, such as "/strict/". The prefix is taken off before the file is read. */
  readonly headers: Map<string, Readonly<Record<string, string>>>;
  /** Pages that are no files: path to HTML. */
  readonly pages: Map<string, string>;
  close(): Promise<void>;
}

function path(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'http://site').pathname;
}

/** Serves test/e2e/pages. */
export async function startSite(): Promise<Site> {
  const folder = join(__dirname, '../pages');
  const headers = new Map<string, Readonly<Record<string, string>>>();
  const pages = new Map<string, string>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let name = path(request);
    for (const [prefix, set] of headers) {
      if (!name.startsWith(prefix)) continue;
      for (const [key, value] of Object.entries(set)) response.setHeader(key, value);
      name = `/${name.slice(prefix.length)}`;
    }
    response.setHeader('Content-Type', types[extname(name)] ?? 'text/html; charset=utf-8');
    try {
      response.end(pages.get(name) ?? await readFile(join(folder, normalize(name))));
    } catch {
      response.writeHead(404).end();
    }
  };
  const { port, close } = await listen((request, response) => void answer(request, response));
  return { origin: `http://127.0.0.1:${port}`, headers, pages, close };
}

/** A server that counts. */
export interface Sink {
  readonly port: number;
  /** Connections that were opened, with or without a request. */
  readonly connections: () => number;
  /** Method and path of the requests. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR42mNQSFiABzGMSmNDAPCjcIFD5XWiAAAAAElFTkSuQmCC', 'base64');

// What a foreign server gives: everything is there and may be read, so that nothing is missing on the agent's side for a dull reason.
function foreign(name: string): [string, string | Buffer] {
  switch (extname(name)) {
    case '.png':
    case '.webp':
      return ['image/png', pixel];
    case '.css':
      return ['text/css', `@import url("in-import.css?of=${name}"); main { border-left: 3px solid rgb(1, 2, 3); } h1 { background: url("in-sheet.png?of=${name}"); }`];
    case '.svg':
      return ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect id="a" width="10" height="10"/></svg>'];
    default:
      return ['text/html', '<!doctype html><title>foreign</title>'];
  }
}

/** Starts a sink. */
export async function startSink(): Promise<Sink> {
  const requests: string[] = [];
  let connections = 0;
  const { server, port, close } = await listen((request, response) => {
    requests.push(`${request.method ?? ''} ${path(request)}`);
    const [type, body] = foreign(path(request));
    response.writeHead(200, { 'Content-Type': type, 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store' }).end(body);
  });
  server.on('connection', () => { connections++; });
  return { port, connections: () => connections, requests, close };
}
