// A network that a test can break: what people send to the server's UDP port, and back, goes through a port of its own.
import { type Socket, createSocket } from 'node:dgram';
import type { BrowserContext } from '@playwright/test';

/** The way between a browser and the server. */
export interface Way {
  /** Loses every packet from here on, or none. */
  lose(all: boolean): void;
  close(): Promise<void>;
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => { socket.bind(0, '127.0.0.1', done); });
  return socket;
}

/** Leads everything that a browser sends to the server through a way that can break. Relays are left out. */
export async function lead(context: BrowserContext, server: string): Promise<Way> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(server.split(',')[0] ?? '') ?? [];
  const outer = await bound();
  const inner = new Map<string, Socket>();
  let lost = false;
  outer.on('message', (data, from) => {
    if (lost) return;
    const key = `${from.address}:${from.port}`;
    let socket = inner.get(key);
    if (!socket) {
      socket = createSocket('udp4');
      socket.on('message', (back) => {
        if (!lost) outer.send(back, from.port, from.address);
      });
      inner.set(key, socket);
    }
    socket.send(data, Number(port), host);
  });
  await context.addInitScript(([from, to]) => {
    const Real = RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
      constructor(config: RTCConfiguration = {}) {
        super({ ...config, iceServers: [] });
      }

      override setConfiguration(config: RTCConfiguration = {}): void {
        super.setConfiguration({ ...config, iceServers: [] });
      }

      override async setRemoteDescription(answer: RTCSessionDescriptionInit): Promise<void> {
        const lines = (answer.sdp ?? '').split('\r\n').filter((line) => !line.startsWith('a=candidate:') || line.includes(from));
        return super.setRemoteDescription({ ...answer, sdp: lines.map((line) => line.replace(from, to)).join('\r\n') });
      }
    };
  }, [` ${host} ${port} `, ` 127.0.0.1 ${outer.address().port} `] as const);
  return {
    lose: (all) => { lost = all; },
    close: async () => {
      for (const socket of inner.values()) socket.close();
      await new Promise<void>((done) => { outer.close(done); });
    },
  };
}
