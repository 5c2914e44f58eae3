// Starts an OpenID provider of others' making, which agents sign in with.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '../../..');

/** A running provider. */
export interface Provider {
  readonly issuer: string;
  /** The file with the secret of its client. */
  readonly secret: string;
  /** Lets it die. */
  end(): Promise<void>;
  stop(): Promise<void>;
}

/** Builds and starts the provider of test/op. */
export async function startProvider(): Promise<Provider> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-op-'));
  const binary = join(folder, 'op');
  const secret = join(folder, 'secret');
  await writeFile(secret, 'secret\n', { mode: 0o600 });
  await promisify(execFile)('go', ['build', '-o', binary, './test/op'], { cwd: root });
  const process = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => process.once('exit', resolve));
  const issuer = await new Promise<string>((resolve, reject) => {
    process.stdout.once('data', (data: Buffer) => { resolve(data.toString().trim()); });
    process.once('error', reject);
    process.once('exit', (code) => { reject(new Error(`the provider ended with ${String(code)}`)); });
  });
  const end = async (): Promise<void> => {
    process.stdin.end();
    await gone;
  };
  return {
    issuer,
    secret,
    end,
    stop: async () => {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
