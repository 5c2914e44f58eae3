#!/usr/bin/env node
// Firefox as the runner starts it, with one hand between the two: the runner sets media features for every window, which is
// younger in WebDriver BiDi than what distributions ship. A command that asks for nothing but what a fresh profile has anyway is
// answered here; everything else goes through as it is.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';

const { WebSocket, WebSocketServer } = createRequire(new URL('../../../web/package.json', import.meta.url))('ws');
const unbounded = { maxPayload: 0, perMessageDeflate: false };

/** Whether a command changes nothing. */
const idle = ({ method, params }) => (
  method === 'emulation.setMediaFeaturesOverride' && Object.entries(params.features).every(([name, value]) => name === 'prefers-color-scheme' && (value === 'light' || value === null))
);

function between(runner, { url }, target) {
  const firefox = new WebSocket(`${target}${url}`, unbounded);
  const early = [];
  runner.on('message', (data) => {
    const text = String(data);
    const command = JSON.parse(text);
    if (idle(command)) runner.send(JSON.stringify({ type: 'success', id: command.id, result: {} }));
    else if (firefox.readyState === WebSocket.OPEN) firefox.send(text);
    else early.push(text);
  });
  firefox.on('open', () => early.forEach((text) => firefox.send(text)));
  firefox.on('message', (data) => runner.send(String(data)));
  firefox.on('error', (error) => process.stderr.write(`WebDriver BiDi: ${error.message}\n`));
  firefox.on('close', () => runner.close());
  runner.on('close', () => firefox.close());
}

const [program, ...args] = [process.env.FIREFOX, ...process.argv.slice(2)];
const firefox = spawn(program, args, { stdio: ['inherit', 'inherit', 'pipe'] });
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...unbounded });
server.on('listening', () => {
  firefox.stderr.on('data', (data) => {
    process.stderr.write(String(data).replace(/(WebDriver BiDi listening on )(ws:\/\/\S+)/, (_, words, target) => {
      server.on('connection', (runner, request) => between(runner, request, target));
      return `${words}ws://127.0.0.1:${server.address().port}`;
    }));
  });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => firefox.kill(signal));
firefox.on('exit', (code) => process.exit(code ?? 1));
