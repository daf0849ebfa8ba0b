/** What a check of a dataset found. */
export interface Finding {
  /** Stable kebab-case word for machines. */
  readonly code: string;
  /** Relative to the dataset. */
  readonly file: string;
  readonly message: string;
}

/** One broken thing often breaks every row: so many findings of a kind per file are told, the rest are counted. */
const MAX_PER_KIND = 5;

/** Collects findings; more of the same kind in the same file become one closing line. */
export class Findings {
  private readonly lists = { error: new Map<string, Finding[]>(), warning: new Map<string, Finding[]>() };

  error(code: string, file: string, message: string): void {
    this.add('error', { code, file, message });
  }

  warn(code: string, file: string, message: string): void {
    this.add('warning', { code, file, message });
  }

  get errors(): Finding[] {
    return this.listed('error');
  }

  get warnings(): Finding[] {
    return this.listed('warning');
  }

  private add(level: 'error' | 'warning', finding: Finding): void {
    const kind = `${finding.code}|${finding.file}`;
    const list = this.lists[level].get(kind) ?? [];
    list.push(finding);
    this.lists[level].set(kind, list);
  }

  private listed(level: 'error' | 'warning'): Finding[] {
    return [...this.lists[level].values()].flatMap((list) => {
      if (list.length <= MAX_PER_KIND) return list;
      const { code, file } = list[0];
      return [
        ...list.slice(0, MAX_PER_KIND),
        { code, file, message: `and ${list.length - MAX_PER_KIND} more like this` },
      ];
    });
  }
}
