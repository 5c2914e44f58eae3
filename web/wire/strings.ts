// The receiving end of the string table: each string is used in the role that it was sent in, and in no other.
import { type Reader, WireError } from './codec';
import { type Batch, MaxEntry, MaxTable, MaxTableBytes, type Str } from './frames';

// The server writes CSS anew, which may make a string longer; its own bound is eight times the bytes that came, and 64.
const GROWTH = 8;

/** The string table of one page, and the literals of the batch in hand. */
export class Strings {
  private readonly table: Str[] = [];
  private size = 0;
  private literals: readonly Str[] = [];
  private used = 0;

  /** Takes the strings of a batch. */
  begin(batch: Batch): void {
    if (batch.clear || batch.snapshot) this.clear();
    for (const s of batch.strings) {
      this.size += s.text.length;
      if (s.text.length > MaxEntry * GROWTH + 64) throw new WireError('row32-entry');
      this.table.push(s);
    }
    if (this.table.length > MaxTable || this.size > MaxTableBytes * GROWTH) throw new WireError('row32-table');
    this.literals = batch.literals;
    this.used = 0;
  }

  /** The string that a reference names, which must have the role. */
  take(r: Reader, role: number): string {
    const ref = r.uint();
    const s = ref === 0 ? this.literals[this.used++] : this.table[ref - 1];
    if (!s) throw new WireError('row33-string');
    if (s.role !== role) throw new WireError('row33-role');
    return s.text;
  }

  /** Ends the batch: a literal that nothing used is not a batch that an honest sender makes. */
  end(): void {
    if (this.used !== this.literals.length) throw new WireError('row33-literals');
    this.literals = [];
  }

  /** Forgets everything. */
  clear(): void {
    this.table.length = 0;
    this.size = 0;
    this.literals = [];
    this.used = 0;
  }
}
