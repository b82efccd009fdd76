/** How long simulated things take. All in milliseconds; ranges are sampled per pod, the same for the same seed. */

export type Range = readonly [minMs: number, maxMs: number];

export type Timing = {
  /** From a pod's arrival on its node to running containers. */
  readonly start: Range;
  /** From a container's start to Ready. */
  readonly ready: Range;
  /** A regular init container's run. */
  readonly init: Range;
  /** From the deletion of a pod to its end. */
  readonly stop: Range;
  /** Between a container's exit and its restart. */
  readonly restartMs: number;
  /** CrashLoopBackOff. */
  readonly backOffMs: number;
  /** Run time of pods that are meant to end. */
  readonly completeMs: number;
  /** Without heartbeat for that long, a node is NotReady. */
  readonly nodeLostMs: number;
  /** How long after a node object is gone its pods are collected. */
  readonly podCollectMs: number;
  readonly eventTtlMs: number;
};

const FAILURES = {
  restartMs: 300,
  backOffMs: 10_000,
  completeMs: 1_000,
  nodeLostMs: 16_000,
  podCollectMs: 40_000,
  eventTtlMs: 3_600_000,
} as const;

/** `demo` lets a person see a start happen; `fast` is as quick as a test wants. */
export const TIMINGS = {
  demo: { ...FAILURES, start: [400, 1_500], ready: [1_000, 4_000], init: [300, 900], stop: [300, 1_200] },
  fast: { ...FAILURES, start: [100, 300], ready: [0, 0], init: [0, 0], stop: [100, 300] },
} as const satisfies Record<string, Timing>;

/** FNV-1a with a final mix, so that similar keys give unrelated numbers. Unsigned 32 bits. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A whole number of milliseconds within the range, decided by the key alone: the same after a restart. */
export function sampleMs(range: Range, key: string): number {
  const [minMs, maxMs] = range;
  return Math.round(minMs + (hash32(key) / 2 ** 32) * (maxMs - minMs));
}

const UNITS_MS = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of a duration such as `400ms`, `1m30s`; undefined when it is not one. */
export function parseDurationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/u.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gu)) {
    totalMs += Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
  }
  return totalMs;
}

const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** A short name suffix in the alphabet that Kubernetes uses, which spells no words. */
export function safeSuffix(text: string, length = 10): string {
  let suffix = "";
  for (let round = 0; suffix.length < length; round += 1) {
    let number = hash32(`${round}:${text}`);
    for (let digit = 0; digit < 5 && suffix.length < length; digit += 1) {
      suffix += SAFE_ALPHABET[number % SAFE_ALPHABET.length];
      number = Math.floor(number / SAFE_ALPHABET.length);
    }
  }
  return suffix;
}
