import { type Reservation, reservationsOf } from "@openpatio/core/placement";

import type { SetStore } from "../sets/set-store.ts";

/** Room promised to the groups of all sets, kept per version of a set: most plans of others leave it as it is. */
export class Reservations {
  private readonly sets: SetStore;
  private readonly bySet = new Map<
    string,
    { readonly version: number; readonly reservations: readonly Reservation[] }
  >();

  constructor(sets: SetStore) {
    this.sets = sets;
    sets.onChange((id, set) => {
      if (set === null) this.bySet.delete(id);
    });
  }

  /** Of every set but one (null: of all). */
  except(setId: string | null): readonly Reservation[] {
    const result: Reservation[] = [];
    for (const set of this.sets.all()) {
      const { id } = set.state;
      if (id === setId) continue;
      let known = this.bySet.get(id);
      if (known?.version !== set.version) {
        known = { version: set.version, reservations: reservationsOf(set.state) };
        this.bySet.set(id, known);
      }
      result.push(...known.reservations);
    }
    return result;
  }
}
