/** At most `limit` of the tasks given to it run at once; the others wait in order. */
export class Limiter {
  private readonly limit: number;
  private readonly waiting: (() => void)[] = [];
  private active = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.active >= this.limit) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    } else this.active += 1;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      // The place is handed over, so that nobody slips in between.
      if (next === undefined) this.active -= 1;
      else next();
    }
  }
}
