// Starts the real binary and reads its first line.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '../../..');
const binary = join(root, 'bin/vitrine');
const run = promisify(execFile);

/** What `vitrine serve --dev --json` prints when it is ready. */
export interface Links {
  readonly base: string;
  readonly console: string;
  readonly demo: string;
  /** With commas between several. */
  readonly udp: string;
  readonly ice_tcp?: string;
  readonly turn: readonly string[];
}

/** A running server. */
export interface Server extends Links {
  /** Everything that it wrote to its log. */
  log(): string;
  /** A link to the console that signs an agent in, once. */
  signIn(name: string, role?: string): Promise<string>;
  /** Sends the process a signal: SIGSTOP holds it, SIGCONT lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void;
  /** Ends the process by a signal. */
  end(name: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts the process again after its end: the same data, the same addresses. */
  again(): Promise<void>;
  stop(): Promise<void>;
}

// firstLine resolves with the first line that the process prints, or fails with what it logged.
async function firstLine(process: ChildProcess, log: () => string): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { reject(new Error(`the server printed no line within 15 s\n${log()}`)); }, 15_000);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    process.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
      const end = text.indexOf('\n');
      if (end >= 0) settle(() => { resolve(text.slice(0, end)); });
    });
    process.once('error', (error) => { settle(() => { reject(error); }); });
    process.once('exit', (code) => { settle(() => { reject(new Error(`the server ended with ${String(code)}\n${log()}`)); }); });
  });
}

async function stop(process: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const gone = new Promise((resolve) => process.once('exit', resolve));
  process.kill(signal);
  const timer = setTimeout(() => process.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}

// Makes a certificate for this machine that nobody trusts, as the files that a configuration names.
async function makeCertificate(folder: string): Promise<void> {
  await run('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'),
  ]);
}

/** Lines of a configuration that let the server speak TLS. */
export const secure = 'tls:\n  certificate: {folder}/cert.pem\n  key: {folder}/key.pem\n';

/** Starts a server on free ports of the loopback. config is the text of a configuration file; {folder} in it is a folder of the server's own. */
export async function startServer(config = ''): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-e2e-'));
  const data = join(folder, 'data');
  const args = ['serve', '--dev', '--json', '--listen', '127.0.0.1:0', '--data', data];
  if (!/^udp:/m.test(config)) args.push('--udp', '127.0.0.1:0');
  if (config) {
    const file = join(folder, 'vitrine.yaml');
    if (config.includes('{folder}')) await makeCertificate(folder);
    await writeFile(file, config.replaceAll('{folder}', folder));
    args.push('--config', file);
  }
  let log = '';
  const launch = (): ChildProcess => {
    const made = spawn(binary, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    made.stderr.on('data', (chunk: Buffer) => { log += chunk.toString(); });
    return made;
  };
  let process = launch();
  try {
    const links = JSON.parse(await firstLine(process, () => log)) as Links;
    return {
      ...links,
      log: () => log,
      signal: (name) => { process.kill(name); },
      end: async (name) => stop(process, name),
      again: async () => {
        args.splice(args.indexOf('--listen') + 1, 1, new URL(links.base).host);
        if (args.includes('--udp')) args.splice(args.indexOf('--udp') + 1, 1, links.udp);
        process = launch();
        await firstLine(process, () => log);
      },
      signIn: async (name, role = 'agent') => {
        const { stdout } = await run(binary, ['token', 'agent', '--data', data, '--subject', name, '--site', 'demo', '--role', role], { cwd: folder });
        return `${links.base}/console/#token=${stdout.trim()}`;
      },
      stop: async () => {
        await stop(process);
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stop(process);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
