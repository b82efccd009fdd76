const SQUARES = [
  [1, 1],
  [6.7, 1],
  [12.4, 1],
  [1, 6.7],
  [12.4, 6.7],
  [1, 12.4],
  [6.7, 12.4],
] as const;

/** A patio: tiles around a free place, one of them chosen. */
export function Logo({ size = 18 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 18 18" aria-hidden>
      {SQUARES.map(([x, y]) => (
        <rect key={`${x} ${y}`} x={x} y={y} width="4.6" height="4.6" rx=".8" fill="currentColor" />
      ))}
      <rect x="12.4" y="12.4" width="4.6" height="4.6" rx=".8" fill="var(--color-accent)" />
    </svg>
  );
}
