/** Reading of JSON whose shape nobody has checked: parts that are not what they should be read as empty. */
export type Fields = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const fields = (value: unknown): Fields => (isRecord(value) ? value : {});

export const records = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : []);
