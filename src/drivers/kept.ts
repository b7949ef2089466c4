// What a driver makes when it is first needed, and keeps: its service's SDK and a client of it.

export interface Kept<T> {
  /** Made by the first call; calls beside it share it. A failure is not kept: the next call makes it anew. */
  get(): Promise<T>;
  /** Forgets what was made, and answers it. */
  drop(): Promise<T> | undefined;
}

export function kept<T>(make: () => Promise<T>): Kept<T> {
  let made: Promise<T> | undefined;
  return {
    async get() {
      const current = (made ??= make());
      try {
        return await current;
      } catch (error) {
        // Unless another call has begun anew already.
        if (made === current) made = undefined;
        throw error;
      }
    },
    drop() {
      const dropped = made;
      made = undefined;
      return dropped;
    },
  };
}
