import { describe, expect, it } from 'vitest';
import { BatchWriter } from './batch';
import { decode } from './codec';
import { MaxEntry, MaxTable, MaxTableBytes, OpText, Role, fromCustomer } from './frames';
import type { Batch } from './frames';

function read(bytes: Uint8Array): Batch {
  const frame = decode(fromCustomer, 1, bytes.slice());
  if (frame.kind !== 'batch') throw new Error('no batch');
  return frame;
}

describe('the batch writer', () => {
  it('names a string once and refers to it from then on, by role', () => {
    const w = new BatchWriter();
    w.begin(true);
    w.ops.byte(OpText);
    w.ref(Role.Text, 'one');
    w.ref(Role.Attr, 'one');
    w.ref(Role.Text, 'one');
    const first = read(w.end(1, 0, true));
    expect(first).toMatchObject({ epoch: 1, seq: 0, snapshot: true, clear: true, literals: [] });
    expect(first.strings).toEqual([{ role: Role.Text, text: 'one' }, { role: Role.Attr, text: 'one' }]);
    expect([...first.ops]).toEqual([OpText, 1, 2, 1]);
    w.begin(false);
    w.ref(Role.Attr, 'one');
    const second = read(w.end(1, 1, false));
    expect(second).toMatchObject({ snapshot: false, clear: false, strings: [] });
    expect([...second.ops]).toEqual([2]);
  });

  it('writes long strings as literals, and no entry longer than the table takes', () => {
    const w = new BatchWriter();
    w.begin(true);
    for (let i = 0; i < 2; i++) w.ref(Role.Text, '\uffff'.repeat(42));
    w.ref(Role.Text, 'x'.repeat(43));
    const { strings, literals, ops } = read(w.end(1, 0, true));
    expect(new TextEncoder().encode(strings[0]?.text).length).toBeLessThanOrEqual(MaxEntry);
    expect(literals).toEqual(['\uffff'.repeat(42), 'x'.repeat(43)].map((text) => ({ role: Role.Text, text })));
    expect([...ops]).toEqual([0, 1, 0]);
  });

  it('puts what is not short into the table when it comes again', () => {
    const w = new BatchWriter();
    w.begin(true);
    for (const text of ['of some length', 'short', 'é'.repeat(20), 'of some length', 'x'.repeat(99), 'of some length', 'last of all']) w.ref(Role.Text, text);
    w.ref(Role.Attr, 'of some length');
    const { strings, literals, ops } = read(w.end(1, 0, true));
    expect(strings.map(({ text }) => text)).toEqual(['short', 'of some length']);
    expect(literals.map(({ text }) => text)).toEqual(['of some length', 'é'.repeat(20), 'x'.repeat(99), 'last of all', 'of some length']);
    expect([...ops]).toEqual([0, 1, 0, 2, 0, 2, 0, 0]);
  });

  it('codes ids as differences', () => {
    const w = new BatchWriter();
    w.begin(true);
    for (const id of [5, 7, 3]) w.id(id);
    expect([...read(w.end(1, 0, true)).ops]).toEqual([10, 4, 7]);
    w.begin(false);
    w.id(5);
    expect([...read(w.end(1, 1, false)).ops]).toEqual([10]);
  });

  it('never lets the table grow past its limits, and says when it empties it', () => {
    const w = new BatchWriter();
    let entries = 0;
    let bytes = 0;
    let clears = 0;
    for (let seq = 0; seq < 300; seq++) {
      w.begin(seq === 0);
      for (let i = 0; i < 200; i++) w.ref(Role.Text, `${seq}/${i >> 1}`.padEnd(42, '\uffff'));
      const batch = read(w.end(1, seq, seq === 0));
      if (batch.clear) {
        clears++;
        entries = bytes = 0;
      }
      entries += batch.strings.length;
      for (const { text } of batch.strings) bytes += new TextEncoder().encode(text).length;
      expect(entries).toBeLessThanOrEqual(MaxTable);
      expect(bytes).toBeLessThanOrEqual(MaxTableBytes);
    }
    expect(clears).toBeGreaterThan(2);
  });

  it('says that the table was emptied even when the batch that emptied it was never sent', () => {
    const w = new BatchWriter();
    w.begin(true);
    w.ref(Role.Text, 'one');
    w.end(1, 0, true);
    w.begin(true); // nothing comes of it
    w.begin(false);
    w.ref(Role.Text, 'one');
    const batch = read(w.end(1, 1, false));
    expect(batch.clear).toBe(true);
    expect(batch.strings).toEqual([{ role: Role.Text, text: 'one' }]);
  });

  it('turns lone surrogates into replacement characters', () => {
    const w = new BatchWriter();
    w.begin(true);
    w.ref(Role.Text, 'a\ud83c');
    expect(read(w.end(1, 0, true)).strings).toEqual([{ role: Role.Text, text: 'a\ufffd' }]);
  });
});
