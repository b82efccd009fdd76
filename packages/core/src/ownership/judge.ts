import { type OwnerLease, termOf, WHOLE_CLUSTER } from "./lease.ts";

/** What was last read in a Lease of ours, and what is to be in it next; both are stored before it is written. */
export type Nonces = { readonly held: string | null; readonly next: string | null };

/** What a control plane knows of its right to a cluster, from its own database. */
export type Claim = {
  readonly controlPlane: string;
  /** Namespaces whose Leases make the cluster ours: the ones it is limited to, or the one for the whole cluster. */
  readonly places: readonly string[];
  readonly nonces: Readonly<Record<string, Nonces>>;
  /** Terms of others that somebody asked to take over; see {@link termOf}. */
  readonly takes: readonly string[];
};

export type Standing =
  | {
      readonly kind: "ours";
      readonly renew: readonly OwnerLease[];
      /** Places without a Lease. */
      readonly create: readonly string[];
      /** Of others, to be written over. */
      readonly take: readonly OwnerLease[];
      /** Of others in places that are not ours, and of ours in places that were; to be deleted. */
      readonly displace: readonly OwnerLease[];
    }
  | {
      readonly kind: "foreign";
      readonly owner: OwnerLease;
      /** Its holder has our id, with renewals that our database does not know: a copy of it, or it is a copy. */
      readonly isCopy: boolean;
    };

/**
 * Whose cluster it is, by the Leases that were found there.
 *
 * A Lease is ours by its nonce, not by its holder: the nonce changes with every renewal and is in our database before it
 * is in the Lease. So a crash between the two writes leaves one of two nonces that we know, while a database that was
 * copied or restored is behind by the first renewal that it has not seen. Whether the holder still renews plays no part:
 * who is silent may come back, so only a person takes a cluster from somebody.
 */
export function judge(claim: Claim, found: readonly OwnerLease[]): Standing {
  const { controlPlane, places, takes } = claim;
  const isTaken = (lease: OwnerLease) => takes.includes(termOf(lease));
  const renew: OwnerLease[] = [];
  const take: OwnerLease[] = [];
  const create: string[] = [];
  const owners: OwnerLease[] = [];
  for (const place of places) {
    const lease = found.find(({ namespace }) => namespace === place);
    if (lease === undefined) create.push(place);
    else if (isKnown(claim.nonces[place], lease)) renew.push(lease);
    else (isTaken(lease) ? take : owners).push(lease);
  }
  const others = found.filter(({ namespace, holder }) => !places.includes(namespace) && holder !== controlPlane);
  // Namespaces of others are none of ours, unless the whole cluster is; the whole cluster is everybody's.
  const rivals = places.includes(WHOLE_CLUSTER) ? others : others.filter((lease) => lease.namespace === WHOLE_CLUSTER);
  owners.push(...rivals.filter((lease) => !isTaken(lease)));
  const [owner] = owners;
  if (owner !== undefined) return { kind: "foreign", owner, isCopy: owner.holder === controlPlane };
  const left = found.filter(
    (lease) => !places.includes(lease.namespace) && isKnown(claim.nonces[lease.namespace], lease),
  );
  return { kind: "ours", renew, create, take, displace: [...rivals, ...left] };
}

/** The next nonces of a Lease. One that may be on its way already stays: its late arrival must not look like another's. */
export function nextNonces(
  known: Nonces | undefined,
  lease: OwnerLease | null,
  fresh: string,
): Nonces & { next: string } {
  const held = lease?.nonce ?? null;
  const next = known?.next ?? null;
  return { held, next: next !== null && next !== held ? next : fresh };
}

function isKnown(nonces: Nonces | undefined, { nonce }: OwnerLease): boolean {
  return nonces !== undefined && nonce !== null && (nonce === nonces.held || nonce === nonces.next);
}
