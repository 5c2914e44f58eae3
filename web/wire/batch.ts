// Writes batches: the string table, the literals and the token stream of internal/wire/dom.go.
import { Writer, encoder } from './codec';
import { MaxTable, MaxTableBytes, Role } from './frames';

// At most three bytes a UTF-16 unit, so a string of this length fits into a table entry (MaxEntry).
const ENTRY_UNITS = 42;
// Longer strings than this are put into the table when they come a second time: most come once, and would fill it.
const AT_ONCE_UNITS = 8;
const MAX_ONCE = 8192; // strings that are remembered for that
const BATCH = 50; // the frame's number; the rest of its line in frames.ts is for the side that reads

/** How long a text is in UTF-8. */
const lengthOf = (text: string): number => (/[\u0080-\uffff]/.test(text) ? encoder.encode(text).length : text.length);

/** Writes one batch after the other; the string table lives as long as the writer. */
export class BatchWriter {
  /** The token stream of the batch. */
  readonly ops = new Writer(4096);
  // New entries of the table, role, length and text, in one string: it is encoded at once, which takes a fraction of the time
  // that as many short strings do. Role and length are below 128, a byte each in UTF-8.
  private strings = '';
  private readonly literals = new Writer(1024);
  private shorts = ''; // literals of less than 128 bytes at the end of them, likewise
  private readonly tables: Map<string, number>[] = [];
  private readonly once: Set<string>[] = []; // strings by role that came one time
  private onces = 0;
  private entries = 0;
  private tableBytes = 0;
  private newStrings = 0;
  private newLiterals = 0;
  private cleared = false; // stays set until a frame has told it
  private last = 0;

  /** Starts a batch. A snapshot, and a batch that finds the table nearly full, empties the table first. */
  begin(snapshot: boolean): void {
    this.ops.clear();
    this.strings = this.shorts = '';
    this.literals.clear();
    this.newStrings = this.newLiterals = this.last = 0;
    this.cleared ||= snapshot || this.entries > MaxTable * 0.9 || this.tableBytes > MaxTableBytes * 0.9;
    if (!this.cleared) return;
    this.tables.length = this.once.length = this.entries = this.onces = this.tableBytes = 0;
    for (let role = 0; role <= Role.Title; role++) {
      this.tables.push(new Map());
      this.once.push(new Set());
    }
  }

  /** Writes a reference to a string. */
  ref(role: number, text: string): void {
    const table = this.tables[role];
    const known = table?.get(text);
    if (known !== undefined) {
      this.ops.uint(known);
      return;
    }
    if (table && text.length <= ENTRY_UNITS && this.entries < MaxTable && this.tableBytes + ENTRY_UNITS * 3 <= MaxTableBytes && this.again(role, text)) {
      const bytes = lengthOf(text);
      this.strings += String.fromCharCode(role, bytes) + text;
      this.tableBytes += bytes;
      this.newStrings++;
      table.set(text, ++this.entries);
      this.ops.uint(this.entries);
      return;
    }
    if (text.length <= ENTRY_UNITS) this.shorts += String.fromCharCode(role, lengthOf(text)) + text;
    else {
      this.flush();
      this.literals.uint(role);
      this.literals.text(text);
    }
    this.newLiterals++;
    this.ops.byte(0);
  }

  /** Writes the short literals so far. */
  private flush(): void {
    if (this.shorts) this.literals.raw(encoder.encode(this.shorts));
    this.shorts = '';
  }

  /** Whether a string is worth an entry of the table. */
  private again(role: number, text: string): boolean {
    const once = this.once[role];
    if (text.length <= AT_ONCE_UNITS || once?.delete(text)) return true;
    if (this.onces++ < MAX_ONCE) once?.add(text);
    return false;
  }

  /** Writes an id as the difference to the one named before. */
  id(id: number): void {
    this.ops.int(id - this.last);
    this.last = id;
  }

  /** The frame. */
  end(epoch: number, seq: number, snapshot: boolean): Uint8Array {
    this.flush();
    const w = new Writer(this.ops.length + this.strings.length + this.literals.length + 32);
    w.byte(BATCH);
    w.uint(epoch);
    w.uint(seq);
    w.byte(snapshot ? 1 : 0);
    w.byte(this.cleared ? 1 : 0);
    w.uint(this.newStrings);
    w.utf8(this.strings);
    w.uint(this.newLiterals);
    w.raw(this.literals.bytes);
    w.uint(this.ops.length);
    w.raw(this.ops.bytes);
    this.cleared = false;
    return w.bytes;
  }

  /** Forgets every string. */
  wipe(): void {
    for (const list of [...this.tables, ...this.once]) list.clear();
    this.ops.wipe();
    this.strings = this.shorts = '';
    this.literals.wipe();
  }
}
