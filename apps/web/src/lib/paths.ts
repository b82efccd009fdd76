/** Addresses within the console. Names go through encodeURIComponent once, here. */

const segment = encodeURIComponent;

/** What tells a set from all others; `home` is the cluster that it was applied to, null for one of the console. */
export type SetKey = { readonly namespace: string; readonly name: string; readonly home: string | null };

export const keyOf = ({ namespace, name, home }: SetKey): SetKey => ({ namespace, name, home });

export const setPath = ({ namespace, name, home }: SetKey, query = ""): string => {
  const parts = [...(home === null ? [] : [`home=${segment(home)}`]), ...(query === "" ? [] : [query])];
  return `/sets/${segment(namespace)}/${segment(name)}${parts.length === 0 ? "" : `?${parts.join("&")}`}`;
};

export const editPath = ({ namespace, name, home }: SetKey): string =>
  `/sets/${segment(namespace)}/${segment(name)}/edit${home === null ? "" : `?home=${segment(home)}`}`;

export const groupPath = (set: SetKey, group: number): string => setPath(set, `group=${group}`);

export const podPath = (set: SetKey, pod: string): string => setPath(set, `pod=${segment(pod)}`);

export const clusterPath = (name: string): string => `/clusters/${segment(name)}`;

/** An address without a home means whichever set of that name there is. */
export const setTopic = (namespace: string, name: string, home: string | undefined) =>
  `set/${namespace}/${name}${home === undefined ? "" : `/${home}`}` as const;

export const timelineTopic = ({ namespace, name, home }: SetKey) =>
  `timeline/${namespace}/${name}${home === null ? "" : `/${home}`}` as const;

export const clusterTopic = (name: string) => `cluster/${name}` as const;
