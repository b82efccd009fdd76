/** Addresses within the console. Names go through encodeURIComponent once, here. */

const segment = encodeURIComponent;

export const setPath = (namespace: string, name: string): string => `/sets/${segment(namespace)}/${segment(name)}`;

export const groupPath = (namespace: string, name: string, group: number): string =>
  `${setPath(namespace, name)}?group=${group}`;

export const podPath = (namespace: string, set: string, pod: string): string =>
  `${setPath(namespace, set)}?pod=${segment(pod)}`;

export const clusterPath = (name: string): string => `/clusters/${segment(name)}`;

export const setTopic = (namespace: string, name: string) => `set/${namespace}/${name}` as const;

export const clusterTopic = (name: string) => `cluster/${name}` as const;
